// Float32 kernels on channels-last (NHWC) data.
//
// Results are the same bits on every instruction set and thread count: every output element is one chain of fused
// multiply-adds in a fixed order (tap by tap, channel by channel), vectors run across outputs only, and transcendental
// functions are fixed polynomials evaluated with fused multiply-adds. The scalar set (fmaf) is the definition. NaN goes
// in and out of every function; which NaN comes out is not defined.
//
// As in ck_int8.h: buffers of activations are readable CK_PAD bytes past their end, outputs are written exactly, sizes
// are positive (n and rows of element-wise kernels may be zero) and were checked by the caller, pointers are not NULL
// and need no alignment unless said, scratch and packed weights are CK_ALIGN-aligned, and any split of the work units
// over threads gives the same bytes.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_int8.h"
#include "ck_features.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// Element-wise functions. a and b are parameters (slope, alpha, beta, bounds) where the function has some.
typedef enum {
  CK_IDENTITY = 0,
  CK_CLIP,          ///< min(max(x, a), b): ReLU is (0, inf), ReLU6 (0, 6)
  CK_SIGMOID,       ///< 1 / (1 + exp(-x))
  CK_SILU,          ///< x * sigmoid(x)
  CK_TANH,
  CK_HARD_SIGMOID,  ///< clip(a * x + b, 0, 1)
  CK_HARD_SWISH,    ///< x * clip(x / 6 + 1 / 2, 0, 1)
  CK_LEAKY_RELU,    ///< x < 0 ? a * x : x
  CK_ELU,           ///< x < 0 ? a * (exp(x) - 1) : x
  CK_GELU,          ///< x / 2 * (1 + erf(x / sqrt(2)))
  CK_ERF,
  CK_EXP,
  CK_SOFTPLUS,      ///< log(1 + exp(x))
  CK_MISH,          ///< x * tanh(softplus(x))
  CK_LOG,
  CK_SQRT,
  CK_ABS,
  CK_NEG,
  CK_RECIPROCAL,
  CK_FLOOR,
  CK_CEIL,
  CK_SELU,          ///< b * elu(x), of which a is the parameter
  CK_SIGN,          ///< -1, x where it is 0, or 1
  CK_SIN,           ///< this and the next ten lane by lane: ck_elementary
  CK_COS,
  CK_TAN,
  CK_ASIN,
  CK_ACOS,
  CK_ATAN,
  CK_SINH,
  CK_COSH,
  CK_ASINH,
  CK_ACOSH,
  CK_ATANH,
  CK_ROUND,         ///< half to even
} ck_function;

/// A trigonometric or hyperbolic function of CK_SIN to CK_ATANH in double precision, the same bits on every machine;
/// other functions are not computed. Angles beyond 2^20 are taken as float32.
double ck_elementary(ck_function function, double x);

typedef struct {
  ck_function function;
  float a, b;
} ck_activation;

/// Convolution, float32, NHWC, one image (fully connected and GEMM as in ck_int8.h): same life cycle as ck_conv_s8.
typedef struct ck_conv_f32_kernel ck_conv_f32_kernel;
/// The kernel to use for a shape where some features are there; never NULL (the scalar one fits all).
const ck_conv_f32_kernel *ck_conv_f32_choose(const ck_conv_shape *shape, ck_features features);
const char *ck_conv_f32_name(const ck_conv_f32_kernel *kernel);
size_t ck_conv_f32_packed_size(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape);
/// Weights in ONNX order [out_c][in_c / groups][kernel_h][kernel_w]; bias has out_c entries or is NULL (zeros).
void ck_conv_f32_pack(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape, const float *weights,
                      const float *_Nullable bias, void *packed);
size_t ck_conv_f32_units(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape);
size_t ck_conv_f32_scratch(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape);
/// y = f(bias[c] + sum x * w), the sum starting from the bias; activation may be CK_IDENTITY.
void ck_conv_f32_run(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                     const ck_activation *activation, const float *input, float *output, size_t begin, size_t end,
                     void *scratch);
size_t ck_conv_f32_all(const ck_conv_shape *shape, const ck_conv_f32_kernel *_Nullable *_Nonnull kernels,
                       size_t capacity);

typedef enum { CK_ADD, CK_SUB, CK_MUL, CK_DIV, CK_MIN, CK_MAX } ck_binary;

/// Element-wise, pooling, layout and statistics kernels of one instruction set. Pointers alone, none of them NULL:
/// choosing a table checks it.
typedef struct {
  const char *name;
  /// y = f(x); x and y may be the same buffer.
  void (*unary)(ck_activation f, size_t n, const float *x, float *y);
  /// y = a op b, `b` repeated along rows: b has `channels` entries, a and y rows * channels (rows = 1: no repetition;
  /// channels = 1: b is one scalar). `swapped` computes b op a. CK_MIN and CK_MAX give NaN where either operand is.
  void (*binary_rows)(ck_binary op, int swapped, size_t rows, size_t channels, const float *a, const float *b,
                      float *y);
  /// y = f(a + b), the residual addition with its activation.
  void (*add)(ck_activation f, size_t n, const float *a, const float *b, float *y);
  /// y[r][c] = f(x[r][c] * scale[c] + shift[c]), one fused multiply-add.
  void (*scale_shift)(ck_activation f, size_t rows, size_t channels, const float *x, const float *scale,
                      const float *shift, float *y);
  /// Maximum over a window, NHWC; positions outside the image do not take part, NaN wins. Rows [row_begin, row_end) of
  /// the output.
  void (*max_pool)(const ck_conv_shape *shape, const float *input, float *output, size_t row_begin, size_t row_end);
  /// Sum in window order divided by the number of positions (inside the image, or all where count_include_pad); 0 where
  /// there is none.
  void (*average_pool)(const ck_conv_shape *shape, int count_include_pad, const float *input, float *output,
                       size_t row_begin, size_t row_end);
  /// Mean over positions: input [positions][channels] -> output [channels]; sequential sums per channel.
  void (*global_average)(size_t positions, size_t channels, const float *input, float *output);
  /// Transposes a rows x columns matrix of 4-byte (or 1-byte) elements: NCHW <-> NHWC of one image.
  void (*transpose32)(size_t rows, size_t columns, const uint32_t *x, uint32_t *y);
  void (*transpose8)(size_t rows, size_t columns, const uint8_t *x, uint8_t *y);
  /// Smallest and largest finite value into range[0], range[1] (+inf, -inf where there is none; a zero is +0);
  /// returns how many of the n were not finite.
  size_t (*min_max)(size_t n, const float *x, float range[_Nonnull 2]);
  /// counts[clamp(int(floor(x * inverse_width)) - base, 0, bins - 1)] += 1 for every finite x. inverse_width is a power
  /// of two, so that the product is exact and a value's bin does not depend on the range seen so far.
  void (*histogram)(size_t n, const float *x, float inverse_width, int32_t base, size_t bins, uint32_t *counts);
  /// Softmax along the last axis: rows x columns. e = exp(x - row maximum); sixteen partial sums, column c going to
  /// partial c % 16 in order, are added in halves (i + 8, i + 4, i + 2, i + 1); y = e / sum.
  void (*softmax)(size_t rows, size_t columns, const float *x, float *y);
} ck_float_ops;

/// The best set of element-wise kernels that some features allow; never NULL.
const ck_float_ops *ck_float_ops_for(ck_features features);
/// All sets that run on this machine, best first, for tests; returns how many were written.
size_t ck_float_ops_all(const ck_float_ops *_Nullable *_Nonnull sets, size_t capacity);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
