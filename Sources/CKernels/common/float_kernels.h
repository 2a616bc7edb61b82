// What a float convolution kernel is made of, and which there are (float_table.c lists them).
#pragma once
#include "ck_float.h"
#include "common/sizes.h"

/// The functions behind the ck_conv_f32_ calls of ck_float.h, for the shapes `fits` accepts.
struct ck_conv_f32_kernel {
  const char *name;
  ck_features needs;
  int (*fits)(const ck_conv_shape *shape);
  size_t (*packed_size)(const ck_conv_shape *shape);
  void (*pack)(const ck_conv_shape *shape, const float *weights, const float *bias, void *packed);
  size_t (*units)(const ck_conv_shape *shape);
  size_t (*scratch)(const ck_conv_shape *shape);
  void (*run)(const ck_conv_shape *shape, const void *packed, const ck_activation *activation, const float *input,
              float *output, size_t begin, size_t end, void *scratch);
};

extern const ck_conv_f32_kernel ck_conv_f32__scalar;
extern const ck_float_ops ck_float_ops__scalar;
#if defined(__x86_64__)
extern const ck_conv_f32_kernel ck_igemm_f32__avx2, ck_dwconv_f32__avx2;
extern const ck_conv_f32_kernel ck_igemm_f32__avx512, ck_dwconv_f32__avx512;
extern const ck_float_ops ck_float_ops__avx2, ck_float_ops__avx512;
#elif defined(__aarch64__)
extern const ck_conv_f32_kernel ck_igemm_f32__neon, ck_dwconv_f32__neon;
extern const ck_float_ops ck_float_ops__neon;
#endif
