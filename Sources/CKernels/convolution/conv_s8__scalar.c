// The definition of an int8 convolution: every other kernel gives these bits.
#include "common/contract.h"
#include "common/int8_kernels.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF

// Packed: int32 bias[out_c], float multiplier[out_c], int8 weights[out_c][kernel_h][kernel_w][in_c / groups],
// each part starting at a multiple of CK_ALIGN.
typedef struct {
  size_t multiplier, weights, size;
} layout;

static layout layout_of(const ck_conv_shape *s) {
  size_t channels = (size_t)s->out_c;
  size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w * (size_t)(s->in_c / s->groups);
  layout l;
  l.multiplier = ck_round_up(channels * sizeof(int32_t), CK_ALIGN);
  l.weights = l.multiplier + ck_round_up(channels * sizeof(float), CK_ALIGN);
  l.size = l.weights + ck_round_up(channels * taps, CK_ALIGN);
  return l;
}

static int fits(const ck_conv_shape *s) {
  (void)s;
  return 1;
}

static size_t packed_size(const ck_conv_shape *s) { return layout_of(s).size; }

static void pack(const ck_conv_shape *s, const int8_t *weights, const int32_t *bias, const float *multiplier,
                 int32_t input_zero_point, void *packed) {
  (void)input_zero_point;
  layout l = layout_of(s);
  size_t channels = (size_t)s->out_c, in_c = (size_t)(s->in_c / s->groups);
  size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  memset(packed, 0, l.size);
  if (bias) memcpy(packed, bias, channels * sizeof(int32_t));
  memcpy((char *)packed + l.multiplier, multiplier, channels * sizeof(float));
  int8_t *w = (int8_t *)packed + l.weights;
  for (size_t oc = 0; oc < channels; oc++)
    for (size_t tap = 0; tap < area; tap++)
      for (size_t ic = 0; ic < in_c; ic++) *w++ = weights[(oc * in_c + ic) * area + tap];
}

static size_t units(const ck_conv_shape *s) { return (size_t)s->out_h; }

static size_t scratch(const ck_conv_shape *s) {
  (void)s;
  return 0;
}

// Sums modulo 2^32, as vector units do, so that the result is defined whatever the operands.
static int32_t accumulate(const ck_conv_shape *s, const int8_t *weights, const int8_t *input, int32_t zero_point,
                          size_t oy, size_t ox, size_t group) {
  size_t in_c = (size_t)(s->in_c / s->groups);
  uint32_t sum = 0;
  for (int32_t ky = 0; ky < s->kernel_h; ky++) {
    for (int32_t kx = 0; kx < s->kernel_w; kx++) {
      int64_t iy = (int64_t)oy * s->stride_h - s->pad_top + (int64_t)ky * s->dilation_h;
      int64_t ix = (int64_t)ox * s->stride_w - s->pad_left + (int64_t)kx * s->dilation_w;
      if (iy < 0 || iy >= s->in_h || ix < 0 || ix >= s->in_w) continue;
      const int8_t *x = input + ((size_t)iy * (size_t)s->in_w + (size_t)ix) * (size_t)s->in_c + group * in_c;
      const int8_t *w = weights + ((size_t)ky * (size_t)s->kernel_w + (size_t)kx) * in_c;
      for (size_t ic = 0; ic < in_c; ic++) sum += (uint32_t)((x[ic] - zero_point) * w[ic]);
    }
  }
  return (int32_t)sum;
}

static void run(const ck_conv_shape *s, const void *packed, const ck_conv_s8_output *output, const int8_t *input,
                size_t begin, size_t end, void *scratch) {
  (void)scratch;
  assert(ck_is_shape(s) && packed && output && input && ck_is_range(begin, end, units(s)));
  layout l = layout_of(s);
  const int32_t *bias = packed;
  const float *multiplier = (const float *)((const char *)packed + l.multiplier);
  const int8_t *weights = (const int8_t *)packed + l.weights;
  size_t channels = (size_t)s->out_c, per_group = channels / (size_t)s->groups;
  size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w * (size_t)(s->in_c / s->groups);
  const ck_requantize *r = output->requantize;
  for (size_t oy = begin; oy < end; oy++) {
    for (size_t ox = 0; ox < (size_t)s->out_w; ox++) {
      for (size_t oc = 0; oc < channels; oc++) {
        int32_t sum = accumulate(s, weights + oc * taps, input, output->input_zero_point, oy, ox, oc / per_group);
        int32_t acc = (int32_t)((uint32_t)sum + (uint32_t)bias[oc]);
        float t = (float)acc * multiplier[oc];
        size_t at = (oy * (size_t)s->out_w + ox) * channels + oc;
        if (output->f32) {
          output->f32[at] = t;
          continue;
        }
        int8_t y = ck_round_clamp(t, r->output_zero_point, r->lo, r->hi);
        output->s8[at] = r->lut ? r->lut[y + 128] : y;
      }
    }
  }
}

const ck_conv_s8_kernel ck_conv_s8__scalar = {
    .name = "conv_s8__scalar",
    .needs = 0,
    .fits = fits,
    .packed_size = packed_size,
    .pack = pack,
    .units = units,
    .scratch = scratch,
    .run = run,
};
