// What a process is given and what may happen to it: arguments, signals, files that change while they are read.
//
// Nothing here touches signals or descriptors before cp_run: a library in an app has no right to.
#pragma once
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The program's arguments as the system gave them, the program's name first; also where /proc is not mounted, which
/// Swift's own list is read from. None where the system gave none.
int cp_argument_count(void);
const char *cp_argument(int index);

/// Makes the process that of a command line tool, which ends in an exit code and a line whatever happens, and calls
/// `work` on a stack of some size whatever the limit of stacks is (ulimit -s):
///
/// - descriptors 0 to 2 that are closed are opened to nothing, so that no file lands on them; writing to them fails
/// - SIGPIPE and SIGXFSZ are ignored: writing fails instead
/// - where a mapped file shrank, the touch of what is missing (SIGBUS) ends with a line that names it and exit code 3,
///   and so does a stack that cannot grow (SIGSEGV)
/// - files that are staged are removed when a signal ends the process, which then ends by that signal
///
/// `program` begins the lines; it must live as long as the process.
void cp_run(const char *program, void (*work)(void));

/// Ends a guarded process from any thread, also within a signal handler: removes staged files, writes `program: what`
/// as a line to standard error, exits with 3. Returns in a process that runs without cp_run.
void cp_refuse(const char *what);

/// A file that is mapped into memory and must not change as long as it is.
typedef struct cp_mapping cp_mapping;
/// `path` is copied; `status` is that of the file when it was opened. NULL without memory.
cp_mapping *cp_mapping_add(const void *base, size_t size, const char *path, const struct stat *status);
/// Whether the file has other contents than when it was opened. Another file in its place is no change: who holds the
/// mapping still sees the old one.
int cp_mapping_changed(const cp_mapping *mapping);
void cp_mapping_remove(cp_mapping *mapping);

/// Whether the files of two states, of one file at two times, may have different contents.
int cp_differs(const struct stat *before, const struct stat *after);

/// A mapped file of a guarded process that changed, those included that are not mapped any more; NULL where there is
/// none. To be freed by the caller.
char *cp_changed_file(void);

/// Creates a file that must not exist and, in a guarded process, is removed when a signal ends it; returns its
/// descriptor, -1 and errno where that failed.
int cp_stage(const char *path);
/// Forgets such a file: it was removed, or is where it belongs.
void cp_unstage(const char *path);

/// Holds back the signals that end a process, so that several files change their names together; then lets them in.
void cp_hold_signals(sigset_t *before);
void cp_release_signals(const sigset_t *before);

#ifdef __cplusplus
}
#endif
