// Depthwise convolution (one input channel to one output channel), the body of dwconv_f32__<isa>.c, which includes its
// vectors and defines F32_NAME, F32_STRING, F32_ISA and F32_OPS as for igemm_f32.h.
//
// Vectors run over channels. Away from the left and right border four neighbouring outputs share every load of weights;
// at a border outputs are computed one by one. A tap outside the image reads zeros, as in the definition.
//
// Packed weights: [1 + kernel_h * kernel_w][channels rounded up to a vector], the biases first.
#include <assert.h>
#include <string.h>

#include "conv_f32.h"
#include "math_f32.h"

#pragma STDC FP_CONTRACT OFF

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

#define TOGETHER 4               // outputs that share weights
#define CHUNK ((size_t)128)      // channels of a unit where rows are few
#define FEW_ROWS 32

static int fits(const ck_conv_shape *s) { return s->groups == s->in_c && s->in_c == s->out_c; }

static size_t padded_channels(const ck_conv_shape *s) {
  return ((size_t)s->out_c + VF_WIDTH - 1) / VF_WIDTH * VF_WIDTH;
}

static size_t packed_size(const ck_conv_shape *s) {
  return ck_align_up((1 + (size_t)s->kernel_h * (size_t)s->kernel_w) * padded_channels(s) * sizeof(float));
}

static void pack(const ck_conv_shape *s, const float *weights, const float *bias, void *packed) {
  const size_t channels = (size_t)s->out_c, padded = padded_channels(s);
  const size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
  float *to = packed;
  memset(to, 0, packed_size(s));
  if (bias) memcpy(to, bias, channels * sizeof(float));
  for (size_t tap = 0; tap < taps; tap++)
    for (size_t c = 0; c < channels; c++) to[(1 + tap) * padded + c] = weights[c * taps + tap];
}

static size_t chunk_channels(const ck_conv_shape *s) { return s->out_h < FEW_ROWS ? CHUNK : (size_t)s->out_c; }
static size_t chunks(const ck_conv_shape *s) { return ((size_t)s->out_c + chunk_channels(s) - 1) / chunk_channels(s); }

static size_t units(const ck_conv_shape *s) { return (size_t)s->out_h * chunks(s); }

// A row of zeros as long as a chunk, then for each tap of an output where it reads.
static size_t zeros_bytes(const ck_conv_shape *s) {
  const size_t channels = chunk_channels(s) < (size_t)s->out_c ? chunk_channels(s) : (size_t)s->out_c;
  return ck_align_up((channels + VF_WIDTH) * sizeof(float));
}

static size_t scratch_size(const ck_conv_shape *s) {
  const size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
  return zeros_bytes(s) + ck_align_up(TOGETHER * taps * sizeof(const float *));
}

// `outputs` neighbours, `vectors` vectors of channels from channel c on; the last vector has `last` channels.
// from[tap][output] is where channel 0 of the chunk is read.
ALWAYS_INLINE void accumulate(const float *const *from, size_t taps, const float *weights, size_t padded, size_t c,
                              const int outputs, const int vectors, size_t last, vf lo, vf hi, float *output,
                              size_t stride) {
  vf sum[TOGETHER][2];
  UNROLL for (int j = 0; j < vectors; j++) {
    const vf bias = vf_load(weights + c + j * VF_WIDTH);
    UNROLL for (int i = 0; i < outputs; i++) sum[i][j] = bias;
  }
  const float *w = weights + padded + c;
  for (size_t tap = 0; tap < taps; tap++, w += padded, from += TOGETHER)
    UNROLL for (int j = 0; j < vectors; j++) {
      const vf weight = vf_load(w + j * VF_WIDTH);
      UNROLL for (int i = 0; i < outputs; i++) {
        const float *x = from[i] + c + j * VF_WIDTH;
        const vf value = last == VF_WIDTH ? vf_load(x) : vf_load_first(x, last);
        sum[i][j] = vf_fma(value, weight, sum[i][j]);
      }
    }
  UNROLL for (int i = 0; i < outputs; i++)
    UNROLL for (int j = 0; j < vectors; j++) {
      float *y = output + (size_t)i * stride + c + j * VF_WIDTH;
      const vf result = vf_clip(sum[i][j], lo, hi);
      if (last == VF_WIDTH)
        vf_store(y, result);
      else
        vf_store_first(y, result, last);
    }
}

ALWAYS_INLINE void channels_of(const float *const *from, size_t taps, const float *weights, size_t padded,
                               size_t channels, const int outputs, vf lo, vf hi, float *output, size_t stride) {
  size_t c = 0;
  for (; c + 2 * VF_WIDTH <= channels; c += 2 * VF_WIDTH)
    accumulate(from, taps, weights, padded, c, outputs, 2, VF_WIDTH, lo, hi, output, stride);
  for (; c < channels; c += VF_WIDTH) {
    const size_t rest = channels - c;
    if (rest >= VF_WIDTH)
      accumulate(from, taps, weights, padded, c, outputs, 1, VF_WIDTH, lo, hi, output, stride);
    else
      accumulate(from, taps, weights, padded, c, outputs, 1, rest, lo, hi, output, stride);
  }
}

static void run(const ck_conv_shape *s, const void *packed, const ck_activation *activation, const float *input,
                float *output, size_t begin, size_t end, void *scratch) {
  assert(fits(s) && end <= units(s));
  const size_t channels = (size_t)s->in_c, padded = padded_channels(s), out_w = (size_t)s->out_w;
  const size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
  const vf lo = vf_set1(f32_lower(*activation)), hi = vf_set1(f32_upper(*activation));
  float *zeros = scratch;
  const float **from = (const float **)((char *)scratch + zeros_bytes(s));
  memset(zeros, 0, zeros_bytes(s));
  for (size_t unit = begin; unit < end; unit++) {
    const size_t y = unit / chunks(s), first = unit % chunks(s) * chunk_channels(s);
    const size_t count = channels - first < chunk_channels(s) ? channels - first : chunk_channels(s);
    const float *image = input + first, *weights = (const float *)packed + first;
    for (size_t x = 0; x < out_w;) {
      const size_t outputs = out_w - x >= TOGETHER ? TOGETHER : 1;
      for (size_t i = 0; i < outputs; i++) {
        const float **to = from + i;
        for (int32_t ky = 0; ky < s->kernel_h; ky++) {
          const int32_t iy = (int32_t)y * s->stride_h - s->pad_top + ky * s->dilation_h;
          for (int32_t kx = 0; kx < s->kernel_w; kx++, to += TOGETHER) {
            const int32_t ix = (int32_t)(x + i) * s->stride_w - s->pad_left + kx * s->dilation_w;
            const int inside = iy >= 0 && iy < s->in_h && ix >= 0 && ix < s->in_w;
            *to = inside ? image + ((size_t)iy * (size_t)s->in_w + (size_t)ix) * channels : zeros;
          }
        }
      }
      float *to = output + (y * out_w + x) * channels + first;
      if (outputs == TOGETHER)
        channels_of(from, taps, weights, padded, count, TOGETHER, lo, hi, to, channels);
      else
        channels_of(from, taps, weights, padded, count, 1, lo, hi, to, channels);
      if (!f32_is_clip(*activation))
        for (size_t i = 0; i < outputs; i++)
          F32_OPS.unary(*activation, count, to + i * channels, to + i * channels);
      x += outputs;
    }
  }
}

const ck_conv_f32_kernel F32_NAME(ck_dwconv_f32) = {
    F32_STRING("dwconv_f32"), F32_ISA, fits, packed_size, pack, units, scratch_size, run,
};
