// What the kernels need of a C library, for a module that has none: an instruction of the machine.
#pragma once

static inline float sqrtf(float x) { return __builtin_sqrtf(x); }
