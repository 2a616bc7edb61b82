// What the int8 kernel files share: the shape of a convolution kernel, and the few definitions all of them use.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ck_int8.h"
#include "common/sizes.h"

/// Where results go: int8 through `requantize`, or float32 when `f32` is not NULL.
typedef struct {
  int8_t *s8;
  float *f32;
  int32_t input_zero_point;
  const ck_requantize *requantize;  ///< NULL when f32 is set
} ck_conv_s8_output;

struct ck_conv_s8_kernel {
  const char *name;
  ck_features needs;
  int (*fits)(const ck_conv_shape *shape);
  int (*suits)(const ck_conv_shape *shape);  ///< whether to choose it for a shape that fits; NULL: for all
  size_t (*packed_size)(const ck_conv_shape *shape);
  void (*pack)(const ck_conv_shape *shape, const int8_t *weights, const int32_t *bias, const float *multiplier,
               int32_t input_zero_point, void *packed);
  size_t (*units)(const ck_conv_shape *shape);
  size_t (*scratch)(const ck_conv_shape *shape);
  void (*run)(const ck_conv_shape *shape, const void *packed, const ck_conv_s8_output *output, const int8_t *input,
              size_t begin, size_t end, void *scratch);
};

extern const ck_conv_s8_kernel ck_conv_s8__scalar;
extern const ck_conv_s8_kernel ck_igemm_s8__avx2;
extern const ck_conv_s8_kernel ck_igemm_s8__avxvnni;
extern const ck_conv_s8_kernel ck_igemm_s8__avx512vnni;
extern const ck_conv_s8_kernel ck_igemm_s8__amx;
extern const ck_conv_s8_kernel ck_shallow_conv_s8__avx512vnni;
extern const ck_conv_s8_kernel ck_dwconv_s8__avx2;
extern const ck_conv_s8_kernel ck_dwconv_s8__avxvnni;
extern const ck_conv_s8_kernel ck_dwconv_s8__avx512vnni;
extern const ck_conv_s8_kernel ck_dwconv_3x3_s8__avx512vnni;
extern const ck_conv_s8_kernel ck_igemm_s8__neon;
extern const ck_conv_s8_kernel ck_igemm_s8__neondot;
extern const ck_conv_s8_kernel ck_igemm_s8__neoni8mm;
extern const ck_conv_s8_kernel ck_dwconv_s8__neon;
extern const ck_conv_s8_kernel ck_dwconv_s8__neondot;
extern const ck_int8_ops ck_int8_ops__scalar;
extern const ck_int8_ops ck_int8_ops__avx2;
extern const ck_int8_ops ck_int8_ops__avx512;
extern const ck_int8_ops ck_int8_ops__avx512vbmi;
extern const ck_int8_ops ck_int8_ops__neon;

/// The sum of the weights of one output channel, modulo 2^32.
static inline uint32_t ck_sum_of_weights(size_t count, const int8_t *weights) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += (uint32_t)weights[i];
  return sum;
}

/// The bias for sums over q + `offset` where those over q - z are wanted: bias - (z + offset) * sum of weights, modulo
/// 2^32 like the accumulators.
static inline int32_t ck_fold_bias(int32_t bias, uint32_t sum_of_weights, int32_t zero_point, int32_t offset) {
  return (int32_t)((uint32_t)bias - (uint32_t)(zero_point + offset) * sum_of_weights);
}

/// Whether a scaled accumulator of `count` products might not fit int32 with room to spare: true for no sensible model.
/// Vector kernels convert without looking, and leave such layers to code that does.
static inline int ck_is_wild(int32_t bias, size_t count, float multiplier) {
  double accumulator = 255.0 * 127.0 * (double)count + (bias < 0 ? -(double)bias : bias);
  if (accumulator > 2147483648.0) accumulator = 2147483648.0;  // it wraps
  double scaled = accumulator * multiplier;
  return !(scaled > -1073741824.0 && scaled < 1073741824.0);
}

/// Whether outputs are those of a ReLU: -128 is 0, and there are no other bounds than those of int8.
static inline int ck_is_floored(const ck_requantize *r) {
  return r->output_zero_point == -128 && r->lo <= -128 && r->hi >= 127;
}

/// What no accumulator of a channel goes beyond, up or down, for any input.
static inline double ck_largest_sum(int32_t bias, size_t count, const int8_t *weights) {
  uint64_t magnitude = 0;
  for (size_t i = 0; i < count; i++) magnitude += (uint64_t)(weights[i] < 0 ? -weights[i] : weights[i]);
  return (double)magnitude * 255 + (bias < 0 ? -(double)bias : bias);
}

/// Whether every accumulator of a channel is within 2^23 and its multiplier not negative: what
/// requantize_512_round_floored asks for.
static inline int ck_can_floor(double largest_sum, float multiplier) {
  return largest_sum < 8388608.0 && multiplier >= 0;
}

/// Whether every accumulator of a channel is within 2^22, and within int16 once it is scaled: what
/// requantize_128_round_small asks for.
static inline int ck_is_small(double largest_sum, float multiplier) {
  double scaled = largest_sum * multiplier;
  return largest_sum < 4194304.0 && scaled > -32767.0 && scaled < 32767.0;
}
