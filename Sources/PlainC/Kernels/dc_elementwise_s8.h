// Int8 sums, products, tables, requantization, and the ways between int8 and float32.
#ifndef DC_ELEMENTWISE_S8_H
#define DC_ELEMENTWISE_S8_H

#include "dc_common.h"
#include "dc_simd.h"

// Vectors take sixteen at a time; what is left goes through the loops after them.

/// y = clamp(rne(float(a - z_a) * m_a + float(b - z_b) * m_b) + z_y, lo, hi), each product rounded to float32.
DC_FUNCTION void dc_add_s8(int32_t n, const int8_t *a, int32_t z_a, float m_a, const int8_t *b, int32_t z_b, float m_b,
                           int32_t z_y, int32_t lo, int32_t hi, int8_t *y) {
  int32_t i = 0;
#if defined(DC_SIMD)
  for (; i + 16 <= n; i += 16) {
    dc_f32x8 sums[2];
    for (int32_t half = 0; half < 2; half++)
      sums[half] = dc_sum_f32x8(dc_scaled(dc_centred(a + i + 8 * half, z_a), dc_set_f32x8(m_a)),
                                dc_scaled(dc_centred(b + i + 8 * half, z_b), dc_set_f32x8(m_b)));
    dc_store_bytes(y + i, dc_rounded(sums[0], sums[1], z_y, lo, hi));
  }
#endif
  for (; i < n; i++) {
    const float sum = dc_product((float)(a[i] - z_a), m_a) + dc_product((float)(b[i] - z_b), m_b);
    y[i] = dc_round_clamp(dc_float32(sum), z_y, lo, hi);
  }
}

/// y = clamp(rne(float((a - z_a) * (b - z_b)) * m) + z_y, lo, hi), b of `channels` repeated along rows.
DC_FUNCTION void dc_mul_rows_s8(int32_t rows, int32_t channels, const int8_t *a, int32_t z_a, const int8_t *b,
                                int32_t z_b, float m, int32_t z_y, int32_t lo, int32_t hi, int8_t *y) {
  for (int32_t r = 0; r < rows; r++, a += channels, y += channels) {
    int32_t c = 0;
#if defined(DC_SIMD)
    for (; c + 16 <= channels; c += 16) {
      dc_f32x8 products[2];
      for (int32_t half = 0; half < 2; half++) {
        const dc_i32x8 p = dc_centred(a + c + 8 * half, z_a), q = dc_centred(b + c + 8 * half, z_b);
        products[half] = dc_scaled(dc_product_i32x8(p, q), dc_set_f32x8(m));
      }
      dc_store_bytes(y + c, dc_rounded(products[0], products[1], z_y, lo, hi));
    }
#endif
    for (; c < channels; c++)
      y[c] = dc_round_clamp(dc_product((float)((a[c] - z_a) * (b[c] - z_b)), m), z_y, lo, hi);
  }
}

/// y = lut[a + 128]
DC_FUNCTION void dc_lut_s8(int32_t n, const int8_t *a, const int8_t *lut, int8_t *y) {
  for (int32_t i = 0; i < n; i++) y[i] = lut[a[i] + 128];
}

/// y = clamp(rne(float(a - z_a) * m) + z_y, -128, 127), rows of `channels` that begin a_stride and y_stride apart.
DC_FUNCTION void dc_requantize_rows_s8(int32_t rows, int32_t channels, const int8_t *a, int32_t a_stride, int32_t z_a,
                                       float m, int8_t *y, int32_t y_stride, int32_t z_y) {
  for (int32_t r = 0; r < rows; r++, a += a_stride, y += y_stride) {
    int32_t c = 0;
#if defined(DC_SIMD)
    for (; c + 16 <= channels; c += 16) {
      const dc_f32x8 low = dc_scaled(dc_centred(a + c, z_a), dc_set_f32x8(m));
      const dc_f32x8 high = dc_scaled(dc_centred(a + c + 8, z_a), dc_set_f32x8(m));
      dc_store_bytes(y + c, dc_rounded(low, high, z_y, -128, 127));
    }
#endif
    for (; c < channels; c++) y[c] = dc_round_clamp(dc_product((float)(a[c] - z_a), m), z_y, -128, 127);
  }
}

/// y = clamp(rne(x / scale) + zero_point, -128, 127); NaN gives zero_point.
DC_FUNCTION void dc_quantize_s8(int32_t n, const float *x, float scale, int32_t zero_point, int8_t *y) {
  int32_t i = 0;
#if defined(DC_SIMD)
  for (; i + 16 <= n; i += 16) {
    dc_f32x8 t[2];
    for (int32_t half = 0; half < 2; half++)
      t[half] = dc_zero_nan_f32x8(dc_quotient_f32x8(dc_load_f32x8(x + i + 8 * half), dc_set_f32x8(scale)));
    dc_store_bytes(y + i, dc_rounded(t[0], t[1], zero_point, -128, 127));
  }
#endif
  for (x += i, y += i, n -= i; n > 0; n--, x++, y++) {
    const float t = dc_float32(*x / scale);
    *y = dc_round_clamp(t == t ? t : 0, zero_point, -128, 127);
  }
}

/// The same for `pixels` of an image whose channels lie in planes, x[c * plane + p], to y[p * channels + c].
DC_FUNCTION void dc_quantize_planes_s8(int32_t channels, int32_t pixels, const float *x, int32_t plane, float scale,
                                       int32_t zero_point, int8_t *y) {
  for (int32_t p = 0; p < pixels; p += 64, y += 64 * channels)
    for (int32_t c = 0; c < channels; c++) {
      const int32_t count = pixels - p < 64 ? pixels - p : 64;
      int8_t part[64];
      dc_quantize_s8(count, x + c * plane + p, scale, zero_point, part);
      for (int32_t i = 0; i < count; i++) y[i * channels + c] = part[i];
    }
}

/// y = float(q - zero_point) * scale
DC_FUNCTION void dc_dequantize_s8(int32_t n, const int8_t *q, float scale, int32_t zero_point, float *y) {
  for (int32_t i = 0; i < n; i++) y[i] = dc_product((float)(q[i] - zero_point), scale);
}

#endif
