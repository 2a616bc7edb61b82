// Float32 convolutions: for every output one chain of fused multiply-adds that starts from the bias and takes the
// window row by row, the channels of a pixel in order. A pixel outside the image reads 0 and takes part.
#ifndef DC_CONV_F32_H
#define DC_CONV_F32_H

#include "dc_elementwise_f32.h"

/// Without an activation.
DC_FUNCTION void dc_conv_f32_run(const dc_window *w, const float *weights, const float *bias, const float *x,
                                 float *y) {
  const int32_t channels = w->in_c / w->groups, per_group = w->out_c / w->groups;
  const int32_t taps = w->kernel_h * w->kernel_w;
  for (int32_t group = 0; group < w->groups; group++)
    for (int32_t c = 0; c < per_group; c += 8, bias += 8, weights += taps * channels * 8) {
      const int32_t lanes = per_group - c < 8 ? per_group - c : 8;
      for (int32_t oy = 0; oy < w->out_h; oy++)
        for (int32_t ox = 0; ox < w->out_w; ox++) {
          const float *weight = weights;
          float sums[8];
          for (int32_t i = 0; i < 8; i++) sums[i] = bias[i];
          for (int32_t tap = 0; tap < taps; tap++) {
            const int32_t iy = oy * w->stride_h - w->pad_top + tap / w->kernel_w * w->dilation_h;
            const int32_t ix = ox * w->stride_w - w->pad_left + tap % w->kernel_w * w->dilation_w;
            const int inside = iy >= 0 && iy < w->in_h && ix >= 0 && ix < w->in_w;
            const float *from = x + (inside ? (iy * w->in_w + ix) * w->in_c + group * channels : 0);
            for (int32_t k = 0; k < channels; k++, weight += 8) {
              const float value = inside ? from[k] : 0.0f;
              for (int32_t i = 0; i < 8; i++) sums[i] = dc_fma(value, weight[i], sums[i]);
            }
          }
          float *to = y + (oy * w->out_w + ox) * w->out_c + group * per_group + c;
          for (int32_t i = 0; i < lanes; i++) to[i] = sums[i];
        }
    }
}

/// y = f(bias + sum of x * w). weights [groups][blocks][kernel_h][kernel_w][in_c / groups][8] in blocks of 8 output
/// channels, bias [groups][blocks][8], the last block of a group filled up with zeros.
DC_INLINE void dc_conv_f32(const dc_window *w, dc_activation f, const float *weights, const float *bias, const float *x,
                           float *y) {
  dc_conv_f32_run(w, weights, bias, x, y);
  if (f.function != DC_IDENTITY) dc_unary_f32(f, w->out_h * w->out_w * w->out_c, y, y);
}

/// Without an activation.
DC_FUNCTION void dc_dwconv_f32_run(const dc_window *w, const float *weights, const float *bias, const float *x,
                                   float *y) {
  const int32_t channels = w->in_c, padded = DC_ROUND_UP(channels, 16);
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += channels) {
      const float *weight = weights;
      for (int32_t c = 0; c < channels; c++) y[c] = bias[c];
      for (int32_t ky = 0; ky < w->kernel_h; ky++)
        for (int32_t kx = 0; kx < w->kernel_w; kx++, weight += padded) {
          const int32_t iy = oy * w->stride_h - w->pad_top + ky * w->dilation_h;
          const int32_t ix = ox * w->stride_w - w->pad_left + kx * w->dilation_w;
          const int inside = iy >= 0 && iy < w->in_h && ix >= 0 && ix < w->in_w;
          const float *from = x + (inside ? (iy * w->in_w + ix) * channels : 0);
          for (int32_t c = 0; c < channels; c++) y[c] = dc_fma(inside ? from[c] : 0.0f, weight[c], y[c]);
        }
    }
}

/// The same of one input channel to one output channel: groups == in_c == out_c. weights [kernel_h][kernel_w][C],
/// bias [C], C being the channels rounded up to a multiple of 16 with zeros. y is not x.
DC_INLINE void dc_dwconv_f32(const dc_window *w, dc_activation f, const float *weights, const float *bias,
                             const float *x, float *y) {
  dc_dwconv_f32_run(w, weights, bias, x, y);
  if (f.function != DC_IDENTITY) dc_unary_f32(f, w->out_h * w->out_w * w->out_c, y, y);
}

#endif
