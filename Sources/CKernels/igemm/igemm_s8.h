// Implicit-GEMM convolution: what is common to all instruction sets.
//
// The output pixels of one image are the rows of a matrix product, the output channels its columns. A tile is a few
// rows times one block of columns, accumulated in registers. No im2col matrix is built: a tile reads its input through
// a table of pointers, one for every tap and row, which lead into the image or, outside of it, to a row of zero points.
//
// Taps are kernel positions, each a run of in_c / groups bytes. Where channels are few, a whole kernel row is one tap
// (kernel_w * in_c contiguous bytes); pixels at the border then read a patch copied to scratch.
//
// Runs are read in steps of a few bytes, so up to one byte less too far: their weights are zero.
#pragma once
#include "igemm_s8_isa.h"

size_t igemm_s8_packed_size(const igemm_isa *isa, const ck_conv_shape *shape);
void igemm_s8_pack(const igemm_isa *isa, const ck_conv_shape *shape, const int8_t *weights, const int32_t *bias,
                   const float *multiplier, int32_t input_zero_point, void *packed);
size_t igemm_s8_units(const igemm_isa *isa, const ck_conv_shape *shape);
size_t igemm_s8_scratch(const igemm_isa *isa, const ck_conv_shape *shape);
void igemm_s8_run(const igemm_isa *isa, const ck_conv_shape *shape, const void *packed, const ck_conv_s8_output *output,
                  const int8_t *input, size_t begin, size_t end, void *scratch);

/// Defines the functions of a ck_conv_s8_kernel for a blocking, and the kernel itself.
#define IGEMM_DEFINE_KERNEL(symbol, label, needed, blocking)                                                          \
  static int fits(const ck_conv_shape *s) {                                                                           \
    (void)s;                                                                                                          \
    return 1;                                                                                                         \
  }                                                                                                                   \
  static size_t packed_size(const ck_conv_shape *s) { return igemm_s8_packed_size(&blocking, s); }                    \
  static void pack(const ck_conv_shape *s, const int8_t *w, const int32_t *b, const float *m, int32_t z, void *p) {   \
    igemm_s8_pack(&blocking, s, w, b, m, z, p);                                                                       \
  }                                                                                                                   \
  static size_t units(const ck_conv_shape *s) { return igemm_s8_units(&blocking, s); }                                \
  static size_t scratch(const ck_conv_shape *s) { return igemm_s8_scratch(&blocking, s); }                            \
  static void run(const ck_conv_shape *s, const void *p, const ck_conv_s8_output *o, const int8_t *x, size_t begin,   \
                  size_t end, void *t) {                                                                              \
    igemm_s8_run(&blocking, s, p, o, x, begin, end, t);                                                               \
  }                                                                                                                   \
  const ck_conv_s8_kernel symbol = {.name = label,                                                                    \
                                    .needs = needed,                                                                  \
                                    .fits = fits,                                                                     \
                                    .packed_size = packed_size,                                                       \
                                    .pack = pack,                                                                     \
                                    .units = units,                                                                   \
                                    .scratch = scratch,                                                               \
                                    .run = run}
