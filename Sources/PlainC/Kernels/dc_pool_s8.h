// Int8 pooling; positions outside the image do not take part. in_c == out_c.
#ifndef DC_POOL_S8_H
#define DC_POOL_S8_H

#include "dc_common.h"

/// The largest of a window.
DC_FUNCTION void dc_max_pool_s8(const dc_window *w, const int8_t *x, int8_t *y) {
  const int32_t channels = w->in_c;
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += channels) {
      const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
      const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
      const dc_range kx = dc_inside(ix, w->kernel_w, w->dilation_w, w->in_w);
      memset(y, -128, (size_t)channels);
      for (int32_t i = ky.begin; i < ky.end; i++)
        for (int32_t j = kx.begin; j < kx.end; j++) {
          const int8_t *from = x + ((iy + i * w->dilation_h) * w->in_w + ix + j * w->dilation_w) * channels;
          for (int32_t c = 0; c < channels; c++) y[c] = from[c] > y[c] ? from[c] : y[c];
        }
    }
}

/// clamp(rne(float(sum of (q - z_x)) * (m / count)) + z_y, -128, 127), count being the window's positions inside the
/// image, or all where count_include_pad.
DC_FUNCTION void dc_average_pool_s8(const dc_window *w, int count_include_pad, int32_t z_x, float m, int32_t z_y,
                                    const int8_t *x, int8_t *y) {
  const int32_t channels = w->in_c;
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += channels) {
      const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
      const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
      const dc_range kx = dc_inside(ix, w->kernel_w, w->dilation_w, w->in_w);
      const int32_t inside = (ky.end - ky.begin) * (kx.end - kx.begin);
      const int32_t count = count_include_pad ? w->kernel_h * w->kernel_w : inside;
      const float scale = dc_float32(m / (float)(count > 0 ? count : 1));
      for (int32_t c = 0; c < channels; c++) {
        uint32_t sum = 0;
        for (int32_t i = ky.begin; i < ky.end; i++)
          for (int32_t j = kx.begin; j < kx.end; j++)
            sum += (uint32_t)(x[((iy + i * w->dilation_h) * w->in_w + ix + j * w->dilation_w) * channels + c] - z_x);
        y[c] = dc_round_clamp(dc_product(dc_sum_as_float(sum), scale), z_y, -128, 127);
      }
    }
}

/// The same over all `positions` of an image: x [positions][channels], y [channels].
DC_FUNCTION void dc_global_average_s8(int32_t positions, int32_t channels, int32_t z_x, float m, int32_t z_y,
                                      const int8_t *x, int8_t *y) {
  const float scale = dc_float32(m / dc_float32((float)positions));
  for (int32_t c = 0; c < channels; c++) {
    uint32_t sum = 0;
    for (int32_t p = 0; p < positions; p++) sum += (uint32_t)(x[p * channels + c] - z_x);
    y[c] = dc_round_clamp(dc_product(dc_sum_as_float(sum), scale), z_y, -128, 127);
  }
}

#endif
