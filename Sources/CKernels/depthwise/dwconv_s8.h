// Depthwise convolution: what is common to all instruction sets.
//
// Vectors run across channels. Dot-product instructions add 4 bytes (or 2 words) of one lane, so a few input rows are
// first interleaved, column by column: lane c of a group holds channel c of 4 (or 2) rows, its slots. Kernel columns
// are then one multiply-add per group. Slots are as many as the kernel has rows, rounded up to whole groups; where that
// leaves slots over, they serve further output rows, whose weights lie some slots lower.
#pragma once
#include "dwconv_s8_isa.h"

int dwconv_s8_fits(const ck_conv_shape *shape);
size_t dwconv_s8_packed_size(const dwconv_isa *isa, const ck_conv_shape *shape);
void dwconv_s8_pack(const dwconv_isa *isa, const ck_conv_shape *shape, const int8_t *weights, const int32_t *bias,
                    const float *multiplier, int32_t input_zero_point, void *packed);
size_t dwconv_s8_units(const dwconv_isa *isa, const ck_conv_shape *shape);
size_t dwconv_s8_scratch(const dwconv_isa *isa, const ck_conv_shape *shape);
void dwconv_s8_run(const dwconv_isa *isa, const ck_conv_shape *shape, const void *packed,
                   const ck_conv_s8_output *output, const int8_t *input, size_t begin, size_t end, void *scratch);

/// Defines the functions of a ck_conv_s8_kernel for an instruction set, and the kernel itself.
#define DWCONV_DEFINE_KERNEL(symbol, label, needed, set)                                                              \
  static size_t packed_size(const ck_conv_shape *s) { return dwconv_s8_packed_size(&set, s); }                        \
  static void pack(const ck_conv_shape *s, const int8_t *w, const int32_t *b, const float *m, int32_t z, void *p) {   \
    dwconv_s8_pack(&set, s, w, b, m, z, p);                                                                           \
  }                                                                                                                   \
  static size_t units(const ck_conv_shape *s) { return dwconv_s8_units(&set, s); }                                    \
  static size_t scratch(const ck_conv_shape *s) { return dwconv_s8_scratch(&set, s); }                                \
  static void run(const ck_conv_shape *s, const void *p, const ck_conv_s8_output *o, const int8_t *x, size_t begin,   \
                  size_t end, void *t) {                                                                              \
    dwconv_s8_run(&set, s, p, o, x, begin, end, t);                                                                   \
  }                                                                                                                   \
  const ck_conv_s8_kernel symbol = {.name = label,                                                                    \
                                    .needs = needed,                                                                  \
                                    .fits = dwconv_s8_fits,                                                           \
                                    .packed_size = packed_size,                                                       \
                                    .pack = pack,                                                                     \
                                    .units = units,                                                                   \
                                    .scratch = scratch,                                                               \
                                    .run = run}
