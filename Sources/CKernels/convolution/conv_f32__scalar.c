// The definition of the float convolution: for every output one chain of fused multiply-adds that starts from the bias
// and takes taps row by row, the channels of a tap in order.
//
// A tap outside the image reads 0 and takes part: fma(0, w, acc) turns an accumulator of -0 into +0 where w >= 0,
// and would make NaN of an infinite weight. The vector kernels read rows of zeros there and so do the same; weights
// that are not finite are refused when a model is read.
#include <math.h>

#include "common/contract.h"
#include "common/float_kernels.h"

#pragma STDC FP_CONTRACT OFF

static int fits(const ck_conv_shape *shape) {
  (void)shape;
  return 1;
}

static size_t taps(const ck_conv_shape *s) { return (size_t)s->kernel_h * (size_t)s->kernel_w; }

// out_c biases, then weights [out_c][kernel_h][kernel_w][in_c / groups].
static size_t packed_size(const ck_conv_shape *s) {
  size_t channels = (size_t)(s->in_c / s->groups);
  return ck_round_up((size_t)s->out_c * (1 + taps(s) * channels) * sizeof(float), CK_ALIGN);
}

static void pack(const ck_conv_shape *s, const float *weights, const float *bias, void *packed) {
  const size_t channels = (size_t)(s->in_c / s->groups), out_c = (size_t)s->out_c;
  float *to = packed;
  for (size_t o = 0; o < out_c; o++) *to++ = bias ? bias[o] : 0.0f;
  for (size_t o = 0; o < out_c; o++)
    for (size_t tap = 0; tap < taps(s); tap++)
      for (size_t c = 0; c < channels; c++) *to++ = weights[(o * channels + c) * taps(s) + tap];
}

static size_t units(const ck_conv_shape *s) { return (size_t)s->out_h; }

static size_t scratch(const ck_conv_shape *s) {
  (void)s;
  return 0;
}

static float dot(const ck_conv_shape *s, const float *input, const float *weights, int32_t y, int32_t x, size_t group,
                 float accumulator) {
  const size_t channels = (size_t)(s->in_c / s->groups);
  for (int32_t ky = 0; ky < s->kernel_h; ky++)
    for (int32_t kx = 0; kx < s->kernel_w; kx++) {
      const int32_t iy = y * s->stride_h - s->pad_top + ky * s->dilation_h;
      const int32_t ix = x * s->stride_w - s->pad_left + kx * s->dilation_w;
      const int inside = iy >= 0 && iy < s->in_h && ix >= 0 && ix < s->in_w;
      const size_t pixel = inside ? (size_t)iy * (size_t)s->in_w + (size_t)ix : 0;
      const float *from = input + pixel * (size_t)s->in_c + group * channels;
      for (size_t c = 0; c < channels; c++) accumulator = fmaf(inside ? from[c] : 0.0f, *weights++, accumulator);
    }
  return accumulator;
}

static void run(const ck_conv_shape *s, const void *packed, const ck_activation *activation, const float *input,
                float *output, size_t begin, size_t end, void *unused) {
  (void)unused;
  assert(ck_is_shape(s) && packed && activation && input && output && ck_is_range(begin, end, units(s)));
  const size_t out_c = (size_t)s->out_c, out_w = (size_t)s->out_w, per_group = out_c / (size_t)s->groups;
  const size_t reduction = taps(s) * (size_t)(s->in_c / s->groups);
  const float *bias = packed, *weights = bias + out_c;
  for (size_t y = begin; y < end; y++) {
    float *row = output + y * out_w * out_c;
    for (size_t x = 0; x < out_w; x++)
      for (size_t o = 0; o < out_c; o++)
        row[x * out_c + o] =
            dot(s, input, weights + o * reduction, (int32_t)y, (int32_t)x, o / per_group, bias[o]);
    ck_float_ops__scalar.unary(*activation, out_w * out_c, row, row);
  }
}

const ck_conv_f32_kernel ck_conv_f32__scalar = {
    "conv_f32__scalar", 0, fits, packed_size, pack, units, scratch, run,
};
