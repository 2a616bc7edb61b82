// Int8 kernels on channels-last (NHWC) data. The scalar set is the definition; every other is bit-equal to it.
//
// Contract shared by all of them:
// - activations are int8 with a per-tensor zero point; weights int8, symmetric per output channel; narrow
//   kernels (ck_conv_s8_is_narrow) take at most one of -128 in an output channel
// - a requantizing kernel computes  y = clamp(rne(float(acc) * m[c]) + z_y, lo, hi): one float32 multiply, round to
//   nearest even, never fused;  lut, when not NULL, is applied last: y = lut[(uint8_t)(y + 128)]
// - buffers of activations, inputs and outputs alike, are readable CK_PAD bytes past their end; outputs are written
//   exactly
// - sizes are positive and were checked by the caller, but element-wise kernels take n and rows of zero; pointers are
//   not NULL and need no alignment unless said
// - no allocation, no global state: scratch comes from the caller, work units are independent, so any split
//   of [0, units) over threads gives the same bytes
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_features.h"

#ifdef __cplusplus
extern "C" {
#endif

// Pointers are to something unless they say _Nullable: Swift then calls the functions of a table as they are.
#pragma clang assume_nonnull begin

#define CK_PAD 64    ///< bytes past the end of an activation buffer that kernels may read
#define CK_ALIGN 64  ///< alignment of packed weights and scratch

/// A 2-D convolution, one image. Weights in ONNX order [out_c][in_c / groups][kernel_h][kernel_w].
typedef struct {
  int32_t in_h, in_w, in_c, out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, groups;
} ck_conv_shape;

/// What turns an accumulator into an output.
typedef struct {
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t lo, hi;               ///< bounds of the output (the whole of int8 when there is no clamp)
  const int8_t *_Nullable lut;  ///< 256 entries indexed by y + 128, or NULL
} ck_requantize;

/// One way of computing convolutions (or fully connected layers: a 1x1 convolution of a 1x1 image), chosen for a shape.
/// A GEMM of M rows is a 1x1 convolution with in_h = M, in_w = 1.
typedef struct ck_conv_s8_kernel ck_conv_s8_kernel;

// Some output rows are a convolution of their own: of the input rows they need, with in_h, out_h and pad_top to match
// (and what is missing below still padding). Packed weights do not depend on those three, so such bands are computed by
// the kernel chosen for the whole image, with its weights; units and scratch are the band's.

/// The kernel to use for a shape with some features; never NULL (scalar fits all, and needs none).
const ck_conv_s8_kernel *ck_conv_s8_choose(const ck_conv_shape *shape, ck_features features);

/// Whether a kernel adds two products up in int16, so that an output channel may have one weight of -128 at most:
/// 128 * 128 + 128 * 127 fits.
int ck_conv_s8_is_narrow(const ck_conv_s8_kernel *kernel);

/// As `ck_conv_s8_choose`, for weights with several of -128 in an output channel.
const ck_conv_s8_kernel *ck_conv_s8_choose_wide(const ck_conv_shape *shape, ck_features features);
/// Its name for profiles and tests, as in "igemm_s8__avx512vnni".
const char *ck_conv_s8_name(const ck_conv_s8_kernel *kernel);

/// Bytes of packed weights (a multiple of CK_ALIGN).
size_t ck_conv_s8_packed_size(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape);
/// Packs weights with bias, zero-point corrections and multipliers folded in. `packed` is CK_ALIGN-aligned.
/// `bias` has out_c entries or is NULL, `multiplier` has out_c entries.
void ck_conv_s8_pack(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const int8_t *weights,
                     const int32_t *_Nullable bias, const float *multiplier, int32_t input_zero_point, void *packed);

/// Independent units of work (at least 1) and bytes of scratch each running thread needs.
size_t ck_conv_s8_units(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape);
size_t ck_conv_s8_scratch(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape);
/// Computes units [begin, end). `output` is int8 [out_h][out_w][out_c].
void ck_conv_s8_run(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                    const ck_requantize *requantize, const int8_t *input, int8_t *output, size_t begin, size_t end,
                    void *scratch);
/// As above, but y = float(acc) * m[c], float32 out: the last layer before the logits.
void ck_conv_s8_run_f32(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                        int32_t input_zero_point, const int8_t *input, float *output, size_t begin, size_t end,
                        void *scratch);

/// All kernels that can compute `shape` on this machine, for tests and benchmarks; returns how many were written.
size_t ck_conv_s8_all(const ck_conv_shape *shape, const ck_conv_s8_kernel *_Nullable *_Nonnull kernels,
                      size_t capacity);

/// Element-wise and data-movement kernels of one instruction set. Pointers alone, none of them NULL: choosing a
/// table checks it.
typedef struct {
  const char *name;
  /// y = clamp(rne(float(a - z_a) * m_a + float(b - z_b) * m_b) + z_y, lo, hi); the two products are rounded to float32
  /// before they are added. m = float(s_in / s_y).
  void (*add)(size_t n, const int8_t *a, int32_t z_a, float m_a, const int8_t *b, int32_t z_b, float m_b,
              int32_t z_y, int32_t lo, int32_t hi, int8_t *y);
  /// y = clamp(rne(float((a - z_a) * (b - z_b)) * m) + z_y, lo, hi), `b` repeated along rows: b has `channels`
  /// entries, a and y have rows * channels. (rows = 1 gives the plain product.) m = float(s_a * s_b / s_y).
  void (*mul_rows)(size_t rows, size_t channels, const int8_t *a, int32_t z_a, const int8_t *b, int32_t z_b, float m,
                   int32_t z_y, int32_t lo, int32_t hi, int8_t *y);
  /// y = lut[a + 128]
  void (*lut)(size_t n, const int8_t *a, const int8_t *lut, int8_t *y);
  /// y = clamp(rne(float(a - z_a) * m) + z_y, -128, 127), rows of `channels` read at stride a_stride, written at
  /// y_stride (m = 1 and z_a = z_y copies: concatenation, slicing).
  void (*requantize_rows)(size_t rows, size_t channels, const int8_t *a, size_t a_stride, int32_t z_a, float m,
                          int8_t *y, size_t y_stride, int32_t z_y);
  /// y = clamp(rne(x * (1 / s)) + z, -128, 127) computed as x / s rounded to float32; NaN gives z.
  void (*quantize)(size_t n, const float *x, float scale, int32_t zero_point, int8_t *y);
  /// The same for `pixels` of an image whose channels lie in planes, x[c * plane + p], to channels-last,
  /// y[p * channels + c].
  void (*quantize_planes)(size_t channels, size_t pixels, const float *x, size_t plane, float scale, int32_t zero_point,
                          int8_t *y);
  /// y = float(q - z) * s
  void (*dequantize)(size_t n, const int8_t *q, float scale, int32_t zero_point, float *y);
  /// Maximum over a window, NHWC; positions outside the image do not take part. Rows [row_begin, row_end) of the
  /// output.
  void (*max_pool)(const ck_conv_shape *shape, const int8_t *input, int8_t *output, size_t row_begin, size_t row_end);
  /// Mean over a window: y = clamp(rne(float(sum of (q - z_x)) * (m / count)) + z_y, -128, 127), the divisor `count`
  /// being the window's positions inside the image, or kernel_h * kernel_w where count_include_pad; m / count is one
  /// float32 division of m = float(s_x / s_y) by float(count).
  void (*average_pool)(const ck_conv_shape *shape, int count_include_pad, int32_t z_x, float m, int32_t z_y,
                       const int8_t *input, int8_t *output, size_t row_begin, size_t row_end);
  /// The same over all `positions` of one image: input [positions][channels], output [channels].
  void (*global_average)(size_t positions, size_t channels, int32_t z_x, float m, int32_t z_y, const int8_t *input,
                         int8_t *output);
} ck_int8_ops;

/// The best set of element-wise kernels that some features allow; never NULL.
const ck_int8_ops *ck_int8_ops_for(ck_features features);
/// All sets that run on this machine, best first, for tests; returns how many were written.
size_t ck_int8_ops_all(const ck_int8_ops *_Nullable *_Nonnull sets, size_t capacity);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
