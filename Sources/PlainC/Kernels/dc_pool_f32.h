// Float32 pooling; positions outside the image do not take part. in_c == out_c.
#ifndef DC_POOL_F32_H
#define DC_POOL_F32_H

#include "dc_elementwise_f32.h"

/// One value of each window: its largest, or its mean.
DC_INLINE void dc_pool_f32(int average, int count_include_pad, const dc_window *w, const float *x, float *y) {
  const int32_t channels = w->in_c;
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += channels) {
      const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
      const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
      const dc_range kx = dc_inside(ix, w->kernel_w, w->dilation_w, w->in_w);
      const int32_t inside = (ky.end - ky.begin) * (kx.end - kx.begin);
      const int32_t count = count_include_pad ? w->kernel_h * w->kernel_w : inside;
      for (int32_t c = 0; c < channels; c++) y[c] = average ? 0.0f : dc_negative(dc_infinity());
      for (int32_t i = ky.begin; i < ky.end; i++)
        for (int32_t j = kx.begin; j < kx.end; j++) {
          const float *from = x + ((iy + i * w->dilation_h) * w->in_w + ix + j * w->dilation_w) * channels;
          for (int32_t c = 0; c < channels; c++) y[c] = dc_combine(average ? DC_ADD : DC_MAX, y[c], from[c]);
        }
      if (average)
        for (int32_t c = 0; c < channels; c++) y[c] = count > 0 ? dc_quotient(y[c], (float)count) : 0.0f;
    }
}

/// The largest of a window; NaN wins.
DC_FUNCTION void dc_max_pool_f32(const dc_window *w, const float *x, float *y) { dc_pool_f32(0, 0, w, x, y); }

/// The sum of a window in order, divided by its positions inside the image, or by all where count_include_pad.
DC_FUNCTION void dc_average_pool_f32(const dc_window *w, int count_include_pad, const float *x, float *y) {
  dc_pool_f32(1, count_include_pad, w, x, y);
}

/// The mean of all `positions`: x [positions][channels], y [channels].
DC_FUNCTION void dc_global_average_f32(int32_t positions, int32_t channels, const float *x, float *y) {
  const float count = dc_float32((float)positions);
  for (int32_t c = 0; c < channels; c++) y[c] = 0.0f;
  for (int32_t p = 0; p < positions; p++, x += channels)
    for (int32_t c = 0; c < channels; c++) y[c] = dc_plus(y[c], x[c]);
  for (int32_t c = 0; c < channels; c++) y[c] = dc_quotient(y[c], count);
}

#endif
