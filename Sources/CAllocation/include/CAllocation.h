// Memory for command line tools: linked into a program, this ends it with a line and exit code 3 where malloc and its
// kin would give none, within cp_run. Swift would end it by a signal without a word.
//
// Not for libraries: an app decides itself.
#pragma once
