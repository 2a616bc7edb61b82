// Depthwise convolution: what is common to all instruction sets.
//
// Vectors run across channels. Dot-product instructions add 4 bytes (or 2 words) of one lane, so a few input rows are
// first interleaved, column by column: lane c of a group holds channel c of 4 (or 2) rows, its slots. Kernel columns
// are then one multiply-add per group. Slots are as many as the kernel has rows, rounded up to whole groups; where that
// leaves slots over, they serve further output rows, whose weights lie some slots lower.
#pragma once
#include "common/int8_kernels.h"

enum { DWCONV_MAX_SLOTS = 4 };

/// Results of a run of output pixels in one row.
typedef struct {
  int is_plain;  ///< int8, and every scaled accumulator is within int32
  int8_t *s8;    ///< first output, or NULL
  float *f32;    ///< the same for float32 output
  size_t stride; ///< outputs from one pixel to the next
  size_t columns;  ///< valid channels of the block
  int32_t zero_point, lo, hi;
} dwconv_output;

/// Interleaved input under a run of output pixels.
typedef struct {
  const char *x;
  size_t pixel_step, tap_step;  ///< bytes from one output pixel, or kernel column, to the next
  size_t taps, groups;          ///< kernel columns, groups in each column of the image
} dwconv_input;

typedef struct {
  size_t width;         ///< channels in a block
  size_t slots;         ///< rows in a group: 4 of int8, or 2 of int16
  int32_t input_offset; ///< what interleaving adds to activations
  /// Interleaves `columns` columns of `slots` rows; row i is read at rows[i] + column * steps[i], groups are written
  /// `x_step` bytes apart.
  void (*interleave)(const int8_t *const *rows, const size_t *steps, size_t columns, char *x, size_t x_step);
  /// Computes `pixels` outputs of one row; `head` is the block's bias and multipliers, weights are [tap][group][lane].
  void (*row)(size_t pixels, const dwconv_input *input, const void *head, const char *weights,
              const dwconv_output *output);
  /// Looks results up, in place: `rows` of `columns`, `stride` apart.
  void (*look_up)(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
  /// The channel of a block that lane `lane` of its groups holds.
  size_t (*channel)(size_t lane);
} dwconv_isa;

int dwconv_s8_fits(const ck_conv_shape *shape);
size_t dwconv_s8_packed_size(const dwconv_isa *isa, const ck_conv_shape *shape);
void dwconv_s8_pack(const dwconv_isa *isa, const ck_conv_shape *shape, const int8_t *weights, const int32_t *bias,
                    const float *multiplier, int32_t input_zero_point, void *packed);
size_t dwconv_s8_units(const dwconv_isa *isa, const ck_conv_shape *shape);
size_t dwconv_s8_scratch(const dwconv_isa *isa, const ck_conv_shape *shape);
void dwconv_s8_run(const dwconv_isa *isa, const ck_conv_shape *shape, const void *packed,
                   const ck_conv_s8_output *output, const int8_t *input, size_t begin, size_t end, void *scratch);

/// Writes the accumulators [pixel][lane] one by one, whatever they are: float32, or int8 beyond int32.
void dwconv_store_each(const dwconv_isa *isa, size_t first, size_t pixels, const int32_t *acc, const void *head,
                       const dwconv_output *output);

/// Defines the functions of a ck_conv_s8_kernel for an instruction set, and the kernel itself.
#define DWCONV_DEFINE_KERNEL(symbol, label, level, set)                                                               \
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
                                    .isa = level,                                                                     \
                                    .fits = dwconv_s8_fits,                                                           \
                                    .packed_size = packed_size,                                                       \
                                    .pack = pack,                                                                     \
                                    .units = units,                                                                   \
                                    .scratch = scratch,                                                               \
                                    .run = run}
