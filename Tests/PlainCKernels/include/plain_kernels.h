// Comparisons of the kernels of plain C with the definitions of CKernels.
#pragma once
#include <stdint.h>

/// Runs all kernels on random operands. Says on standard output which results are wrong, and returns how many.
int32_t check_plain_kernels(void);
