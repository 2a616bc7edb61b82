// What one instruction set brings to the depthwise convolution of dwconv_s8.h: its blocks of channels, and what it
// computes of them.
#pragma once
#include "common/int8_kernels.h"

enum { DWCONV_MAX_SLOTS = 4 };

/// Results of a run of output pixels in one row.
typedef struct {
  int is_plain;  ///< int8, and every scaled accumulator is within int32
  int is_small;  ///< the same, and ck_is_small for every channel
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

/// Writes the accumulators [pixel][lane] one by one, whatever they are: float32, or int8 beyond int32.
void dwconv_store_each(const dwconv_isa *isa, size_t first, size_t pixels, const int32_t *acc, const void *head,
                       const dwconv_output *output);
