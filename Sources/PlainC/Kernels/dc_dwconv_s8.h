// Int8 depthwise convolutions: groups == in_c == out_c.
//
// weights [kernel_h][kernel_w][C], bias [C] and multiplier [C], C being the channels rounded up to a multiple of 16
// with zeros; in the bias -z_x * (sum of the channel's weights), modulo 2^32.
#ifndef DC_DWCONV_S8_H
#define DC_DWCONV_S8_H

#include "dc_common.h"

/// Bytes of scratch for a kernel of `taps` = kernel_h * kernel_w.
#define DC_DWCONV_S8_SCRATCH(taps) 1

DC_FUNCTION void dc_dwconv_s8(const dc_window *w, const dc_output *o, const int8_t *weights, const int32_t *bias,
                              const float *multiplier, const int8_t *x, int8_t *y, int8_t *scratch) {
  (void)scratch;
  const int32_t channels = w->in_c, padded = DC_ROUND_UP(channels, 16);
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += channels) {
      const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
      for (int32_t c = 0; c < channels; c += 4) {
        uint32_t s0 = (uint32_t)bias[c], s1 = (uint32_t)bias[c + 1], s2 = (uint32_t)bias[c + 2];
        uint32_t s3 = (uint32_t)bias[c + 3];
        const int8_t *tap = weights + c;
        for (int32_t ky = 0; ky < w->kernel_h; ky++) {
          const int32_t row = iy + ky * w->dilation_h;
          for (int32_t kx = 0; kx < w->kernel_w; kx++, tap += padded) {
            const int32_t column = ix + kx * w->dilation_w;
            if (row >= 0 && row < w->in_h && column >= 0 && column < w->in_w) {
              const int8_t *from = x + (row * w->in_w + column) * channels + c;
              s0 += (uint32_t)(from[0] * tap[0]), s1 += (uint32_t)(from[1] * tap[1]);
              s2 += (uint32_t)(from[2] * tap[2]), s3 += (uint32_t)(from[3] * tap[3]);
            } else {
              s0 += (uint32_t)(o->z_x * tap[0]), s1 += (uint32_t)(o->z_x * tap[1]);
              s2 += (uint32_t)(o->z_x * tap[2]), s3 += (uint32_t)(o->z_x * tap[3]);
            }
          }
        }
        const uint32_t sums[4] = {s0, s1, s2, s3};
        const int32_t lanes = channels - c < 4 ? channels - c : 4;
        for (int32_t i = 0; i < lanes; i++) y[c + i] = dc_requantize(sums[i], multiplier[c + i], o);
      }
    }
}

#endif
