// Int8 convolutions, fully connected layers (a 1x1 convolution of a 1x1 image) and matrix products (of M x 1 pixels).
//
// Weights are packed in blocks of 8 output channels, and in a block in steps of 4 weights of each channel:
// [groups][blocks][steps][8][4]. They run over the window's rows, and in a row over its pixels and their channels; each
// row is filled up with zeros to whole steps, and the last block of a group to 8 channels. bias and multiplier have
// [groups][blocks][8] entries, in the bias -z_x * (sum of the channel's weights), modulo 2^32.
#ifndef DC_CONV_S8_H
#define DC_CONV_S8_H

#include "dc_common.h"

/// Output pixels computed together.
#define DC_CONV_S8_PIXELS 2
/// Bytes of scratch for windows of `steps` steps. A convolution is direct where a window is one pixel of the image.
#define DC_CONV_S8_SCRATCH(steps, direct) ((direct) ? 1 : DC_CONV_S8_PIXELS * 4 * (steps))

DC_INLINE int dc_conv_is_direct(const dc_window *w) {
  return w->kernel_h == 1 && w->kernel_w == 1 && w->pad_top == 0 && w->pad_left == 0 &&
         (w->out_h - 1) * w->stride_h < w->in_h && (w->out_w - 1) * w->stride_w < w->in_w;
}

/// The window of an output pixel, in the order of the weights.
DC_FUNCTION void dc_conv_s8_gather(const dc_window *w, int32_t z_x, const int8_t *x, int32_t first_channel, int32_t oy,
                                   int32_t ox, int8_t *to) {
  const int32_t channels = w->in_c / w->groups, row = DC_ROUND_UP(w->kernel_w * channels, 4);
  const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
  const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
  const dc_range kx = dc_inside(ix, w->kernel_w, w->dilation_w, w->in_w);
  memset(to, z_x, (size_t)(w->kernel_h * row));
  for (int32_t i = ky.begin; i < ky.end; i++)
    for (int32_t j = kx.begin; j < kx.end; j++) {
      const int32_t pixel = (iy + i * w->dilation_h) * w->in_w + ix + j * w->dilation_w;
      memcpy(to + i * row + j * channels, x + pixel * w->in_c + first_channel, (size_t)channels);
    }
}

/// The sums of four channels at two pixels.
DC_INLINE void dc_conv_s8_tile(int32_t steps, const int8_t *weights, const int32_t *bias, const int8_t *const *rows,
                               uint32_t sums[2][4]) {
  const int8_t *a = rows[0], *b = rows[1];
  uint32_t a0 = (uint32_t)bias[0], a1 = (uint32_t)bias[1], a2 = (uint32_t)bias[2], a3 = (uint32_t)bias[3];
  uint32_t b0 = a0, b1 = a1, b2 = a2, b3 = a3;
  for (int32_t step = 0; step < steps; step++, weights += 32, a += 4, b += 4)
    for (int32_t k = 0; k < 4; k++) {
      a0 += (uint32_t)(a[k] * weights[k]), b0 += (uint32_t)(b[k] * weights[k]);
      a1 += (uint32_t)(a[k] * weights[4 + k]), b1 += (uint32_t)(b[k] * weights[4 + k]);
      a2 += (uint32_t)(a[k] * weights[8 + k]), b2 += (uint32_t)(b[k] * weights[8 + k]);
      a3 += (uint32_t)(a[k] * weights[12 + k]), b3 += (uint32_t)(b[k] * weights[12 + k]);
    }
  sums[0][0] = a0, sums[0][1] = a1, sums[0][2] = a2, sums[0][3] = a3;
  sums[1][0] = b0, sums[1][1] = b1, sums[1][2] = b2, sums[1][3] = b3;
}

/// Either output: int8 by `o`, or float32 where o is NULL.
DC_FUNCTION void dc_conv_s8_run(const dc_window *w, const dc_output *o, int32_t z_x, const int8_t *weights,
                                const int32_t *bias, const float *multiplier, const int8_t *x, int8_t *y, float *y_f32,
                                int8_t *scratch) {
  const int32_t channels = w->in_c / w->groups, per_group = w->out_c / w->groups, pixels = w->out_h * w->out_w;
  const int32_t steps = w->kernel_h * (DC_ROUND_UP(w->kernel_w * channels, 4) / 4);
  const int direct = dc_conv_is_direct(w);
  for (int32_t group = 0; group < w->groups; group++) {
    for (int32_t first = 0; first < pixels; first += DC_CONV_S8_PIXELS) {
      const int32_t count = pixels - first < DC_CONV_S8_PIXELS ? pixels - first : DC_CONV_S8_PIXELS;
      const int8_t *rows[DC_CONV_S8_PIXELS];
      for (int32_t p = 0; p < DC_CONV_S8_PIXELS; p++) {
        if (p >= count) {
          rows[p] = rows[0];
          continue;
        }
        const int32_t oy = (first + p) / w->out_w, ox = (first + p) % w->out_w;
        if (direct) {
          rows[p] = x + (oy * w->stride_h * w->in_w + ox * w->stride_w) * w->in_c + group * channels;
        } else {
          dc_conv_s8_gather(w, z_x, x, group * channels, oy, ox, scratch + p * 4 * steps);
          rows[p] = scratch + p * 4 * steps;
        }
      }
      const int8_t *block = weights;
      for (int32_t c = 0; c < per_group; c += 4) {
        const int32_t lanes = per_group - c < 4 ? per_group - c : 4;
        uint32_t sums[DC_CONV_S8_PIXELS][4];
        dc_conv_s8_tile(steps, block + c % 8 * 4, bias + c, rows, sums);
        for (int32_t p = 0; p < count; p++) {
          const int32_t at = (first + p) * w->out_c + group * per_group + c;
          for (int32_t i = 0; i < lanes; i++)
            if (o)
              y[at + i] = dc_requantize(sums[p][i], multiplier[c + i], o);
            else
              y_f32[at + i] = dc_product(dc_sum_as_float(sums[p][i]), multiplier[c + i]);
        }
        if (c % 8 == 4) block += steps * 32;
      }
    }
    const int32_t blocks = DC_ROUND_UP(per_group, 8) / 8;
    weights += blocks * steps * 32, bias += blocks * 8, multiplier += blocks * 8;
  }
}

DC_FUNCTION void dc_conv_s8(const dc_window *w, const dc_output *o, const int8_t *weights, const int32_t *bias,
                            const float *multiplier, const int8_t *x, int8_t *y, int8_t *scratch) {
  dc_conv_s8_run(w, o, o->z_x, weights, bias, multiplier, x, y, NULL, scratch);
}

/// y = float(acc) * multiplier[c]: the layer whose results are the network's.
DC_FUNCTION void dc_conv_s8_f32(const dc_window *w, int32_t z_x, const int8_t *weights, const int32_t *bias,
                                const float *multiplier, const int8_t *x, float *y, int8_t *scratch) {
  dc_conv_s8_run(w, NULL, z_x, weights, bias, multiplier, x, NULL, y, scratch);
}

#endif
