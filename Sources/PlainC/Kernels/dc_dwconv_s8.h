// Int8 depthwise convolutions: groups == in_c == out_c.
//
// weights [kernel_h][kernel_w][C], bias [C] and multiplier [C], C being the channels rounded up to a multiple of 16
// with zeros; in the bias -z_x * (sum of the channel's weights), modulo 2^32.
#ifndef DC_DWCONV_S8_H
#define DC_DWCONV_S8_H

#include "dc_common.h"
#include "dc_simd.h"

/// Bytes of scratch for a kernel of `taps` = kernel_h * kernel_w.
#define DC_DWCONV_S8_SCRATCH(taps) 1

/// Plain loops over windows of any size.
DC_FUNCTION void dc_dwconv_s8_plain(const dc_window *w, const dc_output *o, const int8_t *weights, const int32_t *bias,
                                    const float *multiplier, const int8_t *x, int8_t *y) {
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

#if defined(DC_SIMD)

#define DC_DWCONV_MOST_TAPS 64

// The sums of 16 channels, and the weights of two taps for them.
#if DC_ROW_BYTES == 2

#define DC_DWCONV_SUMS DC_PAIR_VECTORS
typedef struct {
  dc_weights v[DC_PAIR_VECTORS];
} dc_dwconv_pair;

DC_INLINE dc_dwconv_pair dc_dwconv_weights(dc_bytes a, dc_bytes b) {
  dc_dwconv_pair pair;
  dc_pair(a, b, pair.v);
  return pair;
}
DC_INLINE void dc_dwconv_add(dc_i32 *sums, dc_bytes a, dc_bytes b, const dc_dwconv_pair *weights) {
  dc_weights x[DC_PAIR_VECTORS];
  dc_pair(a, b, x);
  for (int32_t v = 0; v < DC_PAIR_VECTORS; v++) sums[v] = dc_dot(sums[v], x[v], weights->v[v]);
}

#else

#define DC_DWCONV_SUMS 4
typedef struct {
  dc_bytes v[2];
} dc_dwconv_pair;

DC_INLINE dc_dwconv_pair dc_dwconv_weights(dc_bytes a, dc_bytes b) {
  dc_dwconv_pair pair = {{a, b}};
  return pair;
}
DC_INLINE void dc_dwconv_add(dc_i32 *sums, dc_bytes a, dc_bytes b, const dc_dwconv_pair *weights) {
  const dc_bytes u = weights->v[0], v = weights->v[1];
  const int16x8_t a0 = vmull_s8(vget_low_s8(a), vget_low_s8(u)), a1 = vmull_high_s8(a, u);
  const int16x8_t b0 = vmull_s8(vget_low_s8(b), vget_low_s8(v)), b1 = vmull_high_s8(b, v);
  sums[0] = vaddq_s32(sums[0], vaddl_s16(vget_low_s16(a0), vget_low_s16(b0)));
  sums[1] = vaddq_s32(sums[1], vaddl_high_s16(a0, b0));
  sums[2] = vaddq_s32(sums[2], vaddl_s16(vget_low_s16(a1), vget_low_s16(b1)));
  sums[3] = vaddq_s32(sums[3], vaddl_high_s16(a1, b1));
}

#endif

/// 16 channels of some output pixels of a row.
typedef struct {
  const dc_output *output;
  const float *multiplier;
  int32_t channels;                                 ///< how many of them there are
  int32_t pairs;                                    ///< of taps
  int32_t at[DC_DWCONV_MOST_TAPS];                  ///< where a tap reads, from the first
  dc_dwconv_pair weights[DC_DWCONV_MOST_TAPS / 2];
  dc_i32 sums[DC_DWCONV_SUMS];                      ///< what the taps' products are added to
} dc_dwconv_row;

DC_INLINE void dc_dwconv_s8_store(const dc_dwconv_row *r, const dc_i32 *sums, int8_t *y) {
  dc_i32x8 low, high;
  for (int32_t i = 0; i < DC_EIGHT; i++) low.v[i] = sums[i], high.v[i] = sums[DC_EIGHT + i];
  const dc_bytes bytes = dc_outputs(low, r->multiplier, high, r->multiplier + 8, r->output);
  if (r->channels == 16 && !r->output->lut) {
    dc_store_bytes(y, bytes);
  } else {
    int8_t part[16];
    dc_store_bytes(part, bytes);
    dc_store_some(part, r->output, r->channels, y);
  }
}

/// Adds a pair of taps of two output pixels.
DC_INLINE void dc_dwconv_s8_step(const dc_dwconv_row *r, int32_t pair, const int8_t *x0, const int8_t *x1,
                                 dc_i32 sums[2][DC_DWCONV_SUMS]) {
  const int32_t a = r->at[2 * pair], b = r->at[2 * pair + 1];
  dc_dwconv_add(sums[0], dc_load_bytes(x0 + a), dc_load_bytes(x0 + b), &r->weights[pair]);
  dc_dwconv_add(sums[1], dc_load_bytes(x1 + a), dc_load_bytes(x1 + b), &r->weights[pair]);
}

/// Output pixels that read and write the given bytes apart, two at a time.
DC_INLINE void dc_dwconv_s8_pixels(const dc_dwconv_row *r, int32_t count, const int8_t *x, int32_t x_stride, int8_t *y,
                                   int32_t y_stride) {
  for (; count > 0; count -= 2, x += 2 * x_stride, y += 2 * y_stride) {
    // One that is left is computed twice.
    const int8_t *x1 = count > 1 ? x + x_stride : x;
    dc_i32 sums[2][DC_DWCONV_SUMS];
    for (int32_t v = 0; v < DC_DWCONV_SUMS; v++) sums[0][v] = sums[1][v] = r->sums[v];
    if (r->pairs == 5) {  // 3x3
      dc_dwconv_s8_step(r, 0, x, x1, sums);
      dc_dwconv_s8_step(r, 1, x, x1, sums);
      dc_dwconv_s8_step(r, 2, x, x1, sums);
      dc_dwconv_s8_step(r, 3, x, x1, sums);
      dc_dwconv_s8_step(r, 4, x, x1, sums);
    } else {
      for (int32_t pair = 0; pair < r->pairs; pair++) dc_dwconv_s8_step(r, pair, x, x1, sums);
    }
    dc_dwconv_s8_store(r, sums[0], y);
    if (count > 1) dc_dwconv_s8_store(r, sums[1], y + y_stride);
  }
}

/// 16 channels of output row oy, beginning with channel c.
DC_FUNCTION void dc_dwconv_s8_row(const dc_window *w, const dc_output *o, const int8_t *weights, const int32_t *bias,
                                  const float *multiplier, const int8_t *x, int8_t *y, int32_t oy, int32_t c) {
  const int32_t channels = w->in_c, padded = DC_ROUND_UP(channels, 16), iy = oy * w->stride_h - w->pad_top;
  const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
  const dc_bytes zero = dc_set_bytes(0), outside = dc_set_bytes(o->z_x);
  dc_dwconv_row r;
  r.output = o, r.multiplier = multiplier + c, r.channels = channels - c < 16 ? channels - c : 16;
  for (int32_t v = 0; v < DC_DWCONV_SUMS; v++) r.sums[v] = dc_load_i32(bias + c + v * DC_LANES);
  // Rows outside the image add the same to all pixels.
  for (int32_t i = 0; i < w->kernel_h; i++)
    for (int32_t j = 0; j < w->kernel_w && (i < ky.begin || i >= ky.end); j++) {
      const dc_dwconv_pair tap =
          dc_dwconv_weights(dc_load_bytes(weights + (i * w->kernel_w + j) * padded + c), zero);
      dc_dwconv_add(r.sums, outside, zero, &tap);
    }
  const int32_t taps = (ky.end - ky.begin) * w->kernel_w;
  const int8_t *first = weights + ky.begin * w->kernel_w * padded + c;
  r.pairs = (taps + 1) / 2;
  for (int32_t i = 0; i < r.pairs; i++) {
    const dc_bytes a = dc_load_bytes(first + 2 * i * padded);
    r.weights[i] = dc_dwconv_weights(a, 2 * i + 1 < taps ? dc_load_bytes(first + (2 * i + 1) * padded) : zero);
  }
  const int8_t *row = x + (taps > 0 ? (iy + ky.begin * w->dilation_h) * w->in_w * channels : 0) + c;
  int8_t *to = y + oy * w->out_w * channels + c;
  // Output columns [begin, end) have windows that lie inside.
  const int32_t reach = (w->kernel_w - 1) * w->dilation_w, free = w->in_w - 1 - reach + w->pad_left;
  int32_t begin = (w->pad_left + w->stride_w - 1) / w->stride_w, end = free < 0 ? 0 : free / w->stride_w + 1;
  if (end > w->out_w) end = w->out_w;
  if (begin >= end) begin = end = 0;
  int32_t tap = 0;
  for (int32_t i = 0; i < ky.end - ky.begin; i++)
    for (int32_t j = 0; j < w->kernel_w; j++)
      r.at[tap++] = (i * w->dilation_h * w->in_w + j * w->dilation_w) * channels;
  if (tap < 2 * r.pairs) r.at[tap] = 0;
  dc_dwconv_s8_pixels(&r, end - begin, row + (begin * w->stride_w - w->pad_left) * channels,
                          w->stride_w * channels, to + begin * channels, channels);
  // The others read copies of their windows.
  int8_t window[DC_DWCONV_MOST_TAPS * 16];
  for (int32_t i = 0; i < 2 * r.pairs; i++) r.at[i] = (i < taps ? i : 0) * 16;
  for (int32_t ox = 0; ox < w->out_w; ox++) {
    if (ox == begin) ox = end;
    if (ox >= w->out_w) break;
    int8_t *copy = window;
    for (int32_t i = 0; i < ky.end - ky.begin; i++)
      for (int32_t j = 0; j < w->kernel_w; j++, copy += 16) {
        const int32_t column = ox * w->stride_w - w->pad_left + j * w->dilation_w;
        const int is_inside = column >= 0 && column < w->in_w;
        const int32_t pixel = is_inside ? i * w->dilation_h * w->in_w + column : 0;
        dc_store_bytes(copy, is_inside ? dc_load_bytes(row + pixel * channels) : outside);
      }
    dc_dwconv_s8_pixels(&r, 1, window, 0, to + ox * channels, channels);
  }
}

#endif

DC_FUNCTION void dc_dwconv_s8(const dc_window *w, const dc_output *o, const int8_t *weights, const int32_t *bias,
                              const float *multiplier, const int8_t *x, int8_t *y, int8_t *scratch) {
  (void)scratch;
#if defined(DC_SIMD)
  if (w->kernel_h * w->kernel_w <= DC_DWCONV_MOST_TAPS) {
    for (int32_t oy = 0; oy < w->out_h; oy++)
      for (int32_t c = 0; c < w->in_c; c += 16) dc_dwconv_s8_row(w, o, weights, bias, multiplier, x, y, oy, c);
    return;
  }
#endif
  dc_dwconv_s8_plain(w, o, weights, bias, multiplier, x, y);
}

#endif
