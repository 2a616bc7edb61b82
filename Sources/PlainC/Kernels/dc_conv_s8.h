// Int8 convolutions, fully connected layers (a 1x1 convolution of a 1x1 image) and matrix products (of M x 1 pixels).
//
// Weights are packed in blocks of 8 output channels, and in a block in steps of 4 weights of each channel:
// [groups][blocks][steps][8][4]. They run over the window's rows, and in a row over its pixels and their channels; each
// row is filled up with zeros to whole steps, and the last block of a group to 8 channels. bias and multiplier have
// [groups][blocks][8] entries, in the bias -z_x * (sum of the channel's weights), modulo 2^32.
#ifndef DC_CONV_S8_H
#define DC_CONV_S8_H

#include "dc_common.h"
#include "dc_simd.h"

// DC_CONV_S8_PIXELS output pixels are computed together. DC_CONV_S8_SCRATCH is the bytes of scratch for windows of
// `steps` steps; a convolution is direct where a window is one pixel of the image.
#if defined(DC_SIMD) && DC_ROW_BYTES == 2
#define DC_CONV_S8_PIXELS DC_BLOCK_PIXELS
#define DC_CONV_S8_SCRATCH(steps, direct) ((DC_CONV_S8_PIXELS * 2 + 1) * DC_ROUND_UP(4 * (steps), 16))
#elif defined(DC_SIMD)
#define DC_CONV_S8_PIXELS DC_BLOCK_PIXELS
#define DC_CONV_S8_SCRATCH(steps, direct) ((direct) ? 1 : DC_CONV_S8_PIXELS * 4 * (steps))
#else
#define DC_CONV_S8_PIXELS 2
#define DC_CONV_S8_SCRATCH(steps, direct) ((direct) ? 1 : DC_CONV_S8_PIXELS * 4 * (steps))
#endif

DC_INLINE int dc_conv_is_direct(const dc_window *w) {
  return w->kernel_h == 1 && w->kernel_w == 1 && w->pad_top == 0 && w->pad_left == 0 &&
         (w->out_h - 1) * w->stride_h < w->in_h && (w->out_w - 1) * w->stride_w < w->in_w;
}

/// What a convolution is computed from, and where to: int8 by `output`, or float32 where that is NULL.
typedef struct {
  const dc_window *window;
  const dc_output *output;
  int32_t z_x, steps, direct;
  const int8_t *x;
  int8_t *y, *scratch;
  float *y_f32;
} dc_conv_s8_call;

/// The window of an output pixel, in the order of the weights. What fills its rows up is not written.
DC_FUNCTION void dc_conv_s8_gather(const dc_conv_s8_call *call, int32_t first_channel, int32_t oy, int32_t ox,
                                   int8_t *to) {
  const dc_window *w = call->window;
  const int32_t channels = w->in_c / w->groups, row = DC_ROUND_UP(w->kernel_w * channels, 4);
  const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
  const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
  const dc_range kx = dc_inside(ix, w->kernel_w, w->dilation_w, w->in_w);
  if ((ky.end - ky.begin) * (kx.end - kx.begin) < w->kernel_h * w->kernel_w)
    memset(to, call->z_x, (size_t)(w->kernel_h * row));
  // Adjacent pixels are adjacent bytes, unless those are of other groups.
  const int32_t together = w->dilation_w == 1 && w->groups == 1 ? kx.end - kx.begin : 1;
  for (int32_t i = ky.begin; i < ky.end; i++)
    for (int32_t j = kx.begin; j < kx.end; j += together) {
      const int32_t pixel = (iy + i * w->dilation_h) * w->in_w + ix + j * w->dilation_w;
      memcpy(to + i * row + j * channels, call->x + pixel * w->in_c + first_channel, (size_t)(together * channels));
    }
}

/// The window of output pixel `pixel` for the channels of a group: in the image itself, or in scratch.
DC_INLINE const int8_t *dc_conv_s8_window(const dc_conv_s8_call *call, int32_t group, int32_t pixel, int8_t *scratch) {
  const dc_window *w = call->window;
  const int32_t first = group * (w->in_c / w->groups), oy = pixel / w->out_w, ox = pixel % w->out_w;
  if (call->direct) return call->x + (oy * w->stride_h * w->in_w + ox * w->stride_w) * w->in_c + first;
  dc_conv_s8_gather(call, first, oy, ox, scratch);
  return scratch;
}

#if defined(DC_SIMD)

/// A block's sums at some output pixels: the first `channels` of them, from output `at` on.
DC_INLINE void dc_conv_s8_store(const dc_conv_s8_call *call, int32_t pixels, const dc_i32x8 *sums,
                                const float *multiplier, int32_t channels, int32_t at) {
  const int32_t out_c = call->window->out_c;
  const dc_output *o = call->output;
  if (!o) {
    for (int32_t p = 0; p < pixels; p++, at += out_c) {
      float part[8];
      dc_store_f32x8(part, dc_scaled(sums[p], dc_load_f32x8(multiplier)));
      memcpy(call->y_f32 + at, part, (size_t)channels * sizeof(float));
    }
    return;
  }
  for (int32_t p = 0; p < pixels; p += 2, at += 2 * out_c) {
    const int32_t q = p + 1 < pixels ? p + 1 : p;
    int8_t part[16], *a = call->y + at, *b = a + (q - p) * out_c;
    const dc_bytes bytes = dc_outputs(sums[p], multiplier, sums[q], multiplier, o);
    if (channels == 8 && !o->lut) {
      dc_store_low(a, bytes);
      dc_store_high(b, bytes);
    } else {
      dc_store_bytes(part, bytes);
      dc_store_some(part, o, channels, a);
      dc_store_some(part + 8, o, channels, b);
    }
  }
}

// A block of channels at output pixels whose windows are the rows: `name` for the pixels that `each` goes through.
#define DC_BIAS(p, v) dc_i32 s##p##v = dc_block_bias(bias, v);
#define DC_WEIGHTS(p, v) const dc_weights w##v = dc_load_weights(weights, v);
#define DC_DOT(p, v) s##p##v = dc_dot(s##p##v, x##p, w##v);
#define DC_PART(p, v) parts[v] = s##p##v;
#define DC_START_PIXEL(p)               \
  const int8_t *const row##p = rows[p]; \
  DC_EACH_BLOCK_VECTOR(DC_BIAS, p)
#define DC_STEP_PIXEL(p)                              \
  const dc_values x##p = dc_load_values(row##p + at); \
  DC_EACH_BLOCK_VECTOR(DC_DOT, p)
#define DC_SUM_PIXEL(p)            \
  DC_EACH_BLOCK_VECTOR(DC_PART, p) \
  dc_block_sums(parts, sums[p].v);
#define DC_CONV_S8_TILE(name, pixels, each)                                                                     \
  DC_FUNCTION void name(const dc_conv_s8_call *call, const int8_t *weights, const int32_t *bias,                \
                        const float *multiplier, const int8_t *const *rows, int32_t channels, int32_t output) { \
    const ptrdiff_t end = (ptrdiff_t)call->steps * 4 * DC_ROW_BYTES;                                            \
    dc_i32 parts[DC_BLOCK_VECTORS];                                                                             \
    dc_i32x8 sums[pixels];                                                                                      \
    each(DC_START_PIXEL)                                                                                        \
    for (ptrdiff_t at = 0; at < end; at += 4 * DC_ROW_BYTES, weights += 32) {                                   \
      DC_EACH_BLOCK_VECTOR(DC_WEIGHTS, 0)                                                                       \
      each(DC_STEP_PIXEL)                                                                                       \
    }                                                                                                           \
    each(DC_SUM_PIXEL)                                                                                          \
    dc_conv_s8_store(call, pixels, sums, multiplier, channels, output);                                         \
  }
DC_CONV_S8_TILE(dc_conv_s8_tile, DC_CONV_S8_PIXELS, DC_EACH_BLOCK_PIXEL)
#if DC_CONV_S8_PIXELS > 4
DC_CONV_S8_TILE(dc_conv_s8_tile_4, 4, DC_EACH_4)
#endif
DC_CONV_S8_TILE(dc_conv_s8_tile_1, 1, DC_EACH_1)

/// Output pixels [first, first + count) of a group.
DC_FUNCTION void dc_conv_s8_pixels(const dc_conv_s8_call *call, int32_t group, int32_t first, int32_t count,
                                   const int8_t *weights, const int32_t *bias, const float *multiplier) {
  const dc_window *w = call->window;
  const int32_t per_group = w->out_c / w->groups;
  const int8_t *rows[DC_CONV_S8_PIXELS];
#if DC_ROW_BYTES == 2
  const int32_t row = DC_ROUND_UP(4 * call->steps, 16);
  int8_t *window = call->scratch + DC_CONV_S8_PIXELS * 2 * row;
  for (int32_t p = 0; p < count; p++) {
    const int8_t *from = dc_conv_s8_window(call, group, first + p, window);
    int8_t *to = call->scratch + p * 2 * row;
    rows[p] = to;
    for (int32_t i = 0; i < row; i += 16) dc_widen_row(from + i, to + 2 * i);
  }
#else
  for (int32_t p = 0; p < count; p++)
    rows[p] = dc_conv_s8_window(call, group, first + p, call->scratch + p * 4 * call->steps);
#endif
  for (int32_t c = 0; c < per_group; c += 8, weights += call->steps * 32) {
    const int32_t channels = per_group - c < 8 ? per_group - c : 8;
    int32_t p = 0, at = first * w->out_c + group * per_group + c;
    if (count == DC_CONV_S8_PIXELS) {
      dc_conv_s8_tile(call, weights, bias + c, multiplier + c, rows, channels, at);
      continue;
    }
#if DC_CONV_S8_PIXELS > 4
    for (; p + 4 <= count; p += 4, at += 4 * w->out_c)
      dc_conv_s8_tile_4(call, weights, bias + c, multiplier + c, rows + p, channels, at);
#endif
    for (; p < count; p++, at += w->out_c)
      dc_conv_s8_tile_1(call, weights, bias + c, multiplier + c, rows + p, channels, at);
  }
}

#else

/// Four channels, of which there are `channels`, at two output pixels.
DC_INLINE void dc_conv_s8_tile(const dc_conv_s8_call *call, const int8_t *weights, const int32_t *bias,
                               const float *multiplier, const int8_t *a, const int8_t *b, int32_t channels, int32_t at,
                               int32_t pixels) {
  uint32_t a0 = (uint32_t)bias[0], a1 = (uint32_t)bias[1], a2 = (uint32_t)bias[2], a3 = (uint32_t)bias[3];
  uint32_t b0 = a0, b1 = a1, b2 = a2, b3 = a3;
  for (int32_t step = 0; step < call->steps; step++, weights += 32, a += 4, b += 4)
    for (int32_t k = 0; k < 4; k++) {
      a0 += (uint32_t)(a[k] * weights[k]), b0 += (uint32_t)(b[k] * weights[k]);
      a1 += (uint32_t)(a[k] * weights[4 + k]), b1 += (uint32_t)(b[k] * weights[4 + k]);
      a2 += (uint32_t)(a[k] * weights[8 + k]), b2 += (uint32_t)(b[k] * weights[8 + k]);
      a3 += (uint32_t)(a[k] * weights[12 + k]), b3 += (uint32_t)(b[k] * weights[12 + k]);
    }
  const uint32_t sums[2][4] = {{a0, a1, a2, a3}, {b0, b1, b2, b3}};
  for (int32_t p = 0; p < pixels; p++, at += call->window->out_c)
    for (int32_t i = 0; i < channels; i++)
      if (call->output)
        call->y[at + i] = dc_requantize(sums[p][i], multiplier[i], call->output);
      else
        call->y_f32[at + i] = dc_product(dc_sum_as_float(sums[p][i]), multiplier[i]);
}

/// Output pixels [first, first + count) of a group.
DC_FUNCTION void dc_conv_s8_pixels(const dc_conv_s8_call *call, int32_t group, int32_t first, int32_t count,
                                   const int8_t *weights, const int32_t *bias, const float *multiplier) {
  const dc_window *w = call->window;
  const int32_t per_group = w->out_c / w->groups, last = first + count - 1;
  const int8_t *a = dc_conv_s8_window(call, group, first, call->scratch), *b = a;
  if (count > 1) b = dc_conv_s8_window(call, group, last, call->scratch + (call->direct ? 0 : 4 * call->steps));
  for (int32_t c = 0; c < per_group; c += 4) {
    const int32_t channels = per_group - c < 4 ? per_group - c : 4;
    const int8_t *block = weights + c / 8 * call->steps * 32 + c % 8 * 4;
    dc_conv_s8_tile(call, block, bias + c, multiplier + c, a, b, channels,
                    first * w->out_c + group * per_group + c, count);
  }
}

#endif

DC_FUNCTION void dc_conv_s8_run(dc_conv_s8_call *call, const int8_t *weights, const int32_t *bias,
                                const float *multiplier) {
  const dc_window *w = call->window;
  const int32_t pixels = w->out_h * w->out_w, blocks = DC_ROUND_UP(w->out_c / w->groups, 8) / 8;
  call->steps = w->kernel_h * (DC_ROUND_UP(w->kernel_w * (w->in_c / w->groups), 4) / 4);
  call->direct = dc_conv_is_direct(w);
  for (int32_t group = 0; group < w->groups; group++) {
    for (int32_t first = 0; first < pixels; first += DC_CONV_S8_PIXELS) {
      const int32_t count = pixels - first < DC_CONV_S8_PIXELS ? pixels - first : DC_CONV_S8_PIXELS;
      dc_conv_s8_pixels(call, group, first, count, weights, bias, multiplier);
    }
    weights += blocks * call->steps * 32, bias += blocks * 8, multiplier += blocks * 8;
  }
}

DC_FUNCTION void dc_conv_s8(const dc_window *w, const dc_output *o, const int8_t *weights, const int32_t *bias,
                            const float *multiplier, const int8_t *x, int8_t *y, int8_t *scratch) {
  dc_conv_s8_call call = {w, o, o->z_x, 0, 0, x, y, scratch, NULL};
  dc_conv_s8_run(&call, weights, bias, multiplier);
}

/// y = float(acc) * multiplier[c]: the layer whose results are the network's.
DC_FUNCTION void dc_conv_s8_f32(const dc_window *w, int32_t z_x, const int8_t *weights, const int32_t *bias,
                                const float *multiplier, const int8_t *x, float *y, int8_t *scratch) {
  dc_conv_s8_call call = {w, NULL, z_x, 0, 0, x, NULL, scratch, y};
  dc_conv_s8_run(&call, weights, bias, multiplier);
}

#endif
