// Arithmetic of sizes.
#pragma once
#include <stddef.h>

static inline size_t ck_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t ck_max(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t ck_ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t ck_round_up(size_t n, size_t multiple) { return ck_ceil_div(n, multiple) * multiple; }
