// What the int8 kernel files share: the shape of a convolution kernel, and the few definitions all of them use.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ck_int8.h"

/// Where results go: int8 through `requantize`, or float32 when `f32` is not NULL.
typedef struct {
  int8_t *s8;
  float *f32;
  int32_t input_zero_point;
  const ck_requantize *requantize;  ///< NULL when f32 is set
} ck_conv_s8_output;

struct ck_conv_s8_kernel {
  const char *name;
  ck_isa isa;
  int (*fits)(const ck_conv_shape *shape);
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
extern const ck_conv_s8_kernel ck_dwconv_s8__avx2;
extern const ck_conv_s8_kernel ck_dwconv_s8__avxvnni;
extern const ck_conv_s8_kernel ck_dwconv_s8__avx512vnni;
extern const ck_int8_ops ck_int8_ops__scalar;
extern const ck_int8_ops ck_int8_ops__avx2;
extern const ck_int8_ops ck_int8_ops__avx512;
extern const ck_int8_ops ck_int8_ops__avx512vbmi;

static inline size_t ck_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t ck_max(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t ck_ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t ck_round_up(size_t n, size_t multiple) { return ck_ceil_div(n, multiple) * multiple; }
