// Int8 pooling; positions outside the image do not take part. in_c == out_c.
#ifndef DC_POOL_S8_H
#define DC_POOL_S8_H

#include "dc_common.h"
#include "dc_simd.h"

/// The part of an output's window that lies inside the image: rows of `columns` pixels, from `first` on, that lie
/// row_step bytes apart, their pixels column_step. Where it is empty, first is not in the image.
typedef struct {
  const int8_t *first;
  int32_t rows, columns, row_step, column_step;
} dc_pool_part;

DC_INLINE dc_pool_part dc_pool_inside(const dc_window *w, const int8_t *x, int32_t oy, int32_t ox) {
  const int32_t iy = oy * w->stride_h - w->pad_top, ix = ox * w->stride_w - w->pad_left;
  const dc_range ky = dc_inside(iy, w->kernel_h, w->dilation_h, w->in_h);
  const dc_range kx = dc_inside(ix, w->kernel_w, w->dilation_w, w->in_w);
  dc_pool_part part;
  part.rows = ky.end - ky.begin, part.columns = kx.end - kx.begin, part.first = x;
  part.row_step = w->dilation_h * w->in_w * w->in_c, part.column_step = w->dilation_w * w->in_c;
  if (part.rows * part.columns > 0)
    part.first += ((iy + ky.begin * w->dilation_h) * w->in_w + ix + kx.begin * w->dilation_w) * w->in_c;
  return part;
}

/// The largest of a window.
DC_FUNCTION void dc_max_pool_s8(const dc_window *w, const int8_t *x, int8_t *y) {
  const int32_t channels = w->in_c;
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += channels) {
      const dc_pool_part part = dc_pool_inside(w, x, oy, ox);
      int32_t c = 0;
#if defined(DC_SIMD)
      for (; c + 16 <= channels; c += 16) {
        dc_bytes largest = dc_set_bytes(-128);
        for (int32_t i = 0; i < part.rows; i++)
          for (int32_t j = 0; j < part.columns; j++)
            largest = dc_larger_bytes(
                largest, dc_load_bytes(part.first + i * part.row_step + j * part.column_step + c));
        dc_store_bytes(y + c, largest);
      }
#endif
      for (; c < channels; c++) {
        int8_t largest = -128;
        for (int32_t i = 0; i < part.rows; i++)
          for (int32_t j = 0; j < part.columns; j++) {
            const int8_t next = part.first[i * part.row_step + j * part.column_step + c];
            largest = next > largest ? next : largest;
          }
        y[c] = largest;
      }
    }
}

/// y = clamp(rne(float(sum of (q - z_x) over a part) * scale) + z_y, -128, 127), channel by channel.
DC_FUNCTION void dc_pool_mean_s8(const dc_pool_part *part, int32_t channels, int32_t z_x, float scale, int32_t z_y,
                                 int8_t *y) {
  const uint32_t shift = (uint32_t)(part->rows * part->columns) * (uint32_t)z_x;
  int32_t c = 0;
#if defined(DC_SIMD)
  int32_t start;
  const uint32_t negative = 0 - shift;
  memcpy(&start, &negative, sizeof start);
  for (; c + 16 <= channels; c += 16) {
    dc_i32x8 low = dc_set_i32x8(start), high = low;
    for (int32_t i = 0; i < part->rows; i++)
      for (int32_t j = 0; j < part->columns; j++) {
        const int8_t *from = part->first + i * part->row_step + j * part->column_step + c;
        low = dc_add_eight(low, from), high = dc_add_eight(high, from + 8);
      }
    const dc_f32x8 factor = dc_set_f32x8(scale);
    dc_store_bytes(y + c, dc_rounded(dc_scaled(low, factor), dc_scaled(high, factor), z_y, -128, 127));
  }
#endif
  for (; c < channels; c++) {
    uint32_t sum = 0;
    for (int32_t i = 0; i < part->rows; i++)
      for (int32_t j = 0; j < part->columns; j++)
        sum += (uint32_t)part->first[i * part->row_step + j * part->column_step + c];
    y[c] = dc_round_clamp(dc_product(dc_sum_as_float(sum - shift), scale), z_y, -128, 127);
  }
}

/// clamp(rne(float(sum of (q - z_x)) * (m / count)) + z_y, -128, 127), count being the window's positions inside the
/// image, or all where count_include_pad.
DC_FUNCTION void dc_average_pool_s8(const dc_window *w, int count_include_pad, int32_t z_x, float m, int32_t z_y,
                                    const int8_t *x, int8_t *y) {
  for (int32_t oy = 0; oy < w->out_h; oy++)
    for (int32_t ox = 0; ox < w->out_w; ox++, y += w->in_c) {
      const dc_pool_part part = dc_pool_inside(w, x, oy, ox);
      const int32_t count = count_include_pad ? w->kernel_h * w->kernel_w : part.rows * part.columns;
      dc_pool_mean_s8(&part, w->in_c, z_x, dc_float32(m / (float)(count > 0 ? count : 1)), z_y, y);
    }
}

/// The same over all `positions` of an image: x [positions][channels], y [channels].
DC_FUNCTION void dc_global_average_s8(int32_t positions, int32_t channels, int32_t z_x, float m, int32_t z_y,
                                      const int8_t *x, int8_t *y) {
  const dc_pool_part part = {x, 1, positions, 0, channels};
  dc_pool_mean_s8(&part, channels, z_x, dc_float32(m / dc_float32((float)positions)), z_y, y);
}

#endif
