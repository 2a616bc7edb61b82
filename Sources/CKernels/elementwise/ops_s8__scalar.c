// The definition of the int8 element-wise and pooling operators.
#include "common/contract.h"
#include "common/int8_kernels.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__scalar.h"
#include "pool/window.h"

#pragma STDC FP_CONTRACT OFF

static void add(size_t n, const int8_t *a, int32_t z_a, float m_a, const int8_t *b, int32_t z_b, float m_b,
                int32_t z_y, int32_t lo, int32_t hi, int8_t *y) {
  assert(a && b && y && ck_is_int8(z_a) && ck_is_int8(z_b) && ck_is_output(z_y, lo, hi));
  for (size_t i = 0; i < n; i++) {
    float p = (float)(a[i] - z_a) * m_a;
    float q = (float)(b[i] - z_b) * m_b;
    y[i] = ck_round_clamp(p + q, z_y, lo, hi);
  }
}

static void mul_rows(size_t rows, size_t channels, const int8_t *a, int32_t z_a, const int8_t *b, int32_t z_b, float m,
                     int32_t z_y, int32_t lo, int32_t hi, int8_t *y) {
  assert(channels > 0 && a && b && y);
  assert(ck_is_int8(z_a) && ck_is_int8(z_b) && ck_is_output(z_y, lo, hi));
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < channels; c++) {
      size_t i = r * channels + c;
      y[i] = ck_round_clamp((float)((a[i] - z_a) * (b[c] - z_b)) * m, z_y, lo, hi);
    }
}

static void requantize_rows(size_t rows, size_t channels, const int8_t *a, size_t a_stride, int32_t z_a, float m,
                            int8_t *y, size_t y_stride, int32_t z_y) {
  assert(channels > 0 && a && y && ck_is_int8(z_a) && ck_is_int8(z_y));
  assert(rows == 1 || (a_stride >= channels && y_stride >= channels));
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < channels; c++)
      y[r * y_stride + c] = ck_round_clamp((float)(a[r * a_stride + c] - z_a) * m, z_y, -128, 127);
}

static void quantize(size_t n, const float *x, float scale, int32_t zero_point, int8_t *y) {
  assert(x && y && scale > 0 && ck_is_int8(zero_point));
  for (size_t i = 0; i < n; i++) {
    float t = x[i] / scale;
    y[i] = ck_round_clamp(t == t ? t : 0, zero_point, -128, 127);
  }
}

static void quantize_planes(size_t channels, size_t pixels, const float *x, size_t plane, float scale,
                            int32_t zero_point, int8_t *y) {
  assert(channels > 0 && pixels > 0 && plane >= pixels && x && y && scale > 0 && ck_is_int8(zero_point));
  for (size_t c = 0; c < channels; c++)
    for (size_t p = 0; p < pixels; p++) quantize(1, x + c * plane + p, scale, zero_point, y + p * channels + c);
}

static void dequantize(size_t n, const int8_t *q, float scale, int32_t zero_point, float *y) {
  assert(q && y && ck_is_int8(zero_point));
  for (size_t i = 0; i < n; i++) y[i] = (float)(q[i] - zero_point) * scale;
}

// Pooling sees only the window's positions inside the image. Those are one run of kernel rows and one of columns.
static void max_pool(const ck_conv_shape *s, const int8_t *input, int8_t *output, size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  size_t channels = (size_t)s->in_c;
  for (size_t oy = row_begin; oy < row_end; oy++)
    for (size_t ox = 0; ox < (size_t)s->out_w; ox++) {
      int8_t *y = output + (oy * (size_t)s->out_w + ox) * channels;
      ck_window w = ck_window_at(s, oy, ox);
      memset(y, -128, channels);
      for (int32_t ky = w.ky_begin; ky < w.ky_end; ky++)
        for (int32_t kx = w.kx_begin; kx < w.kx_end; kx++) {
          const int8_t *x = ck_window_pixel(s, input, oy, ox, ky, kx);
          for (size_t c = 0; c < channels; c++)
            if (x[c] > y[c]) y[c] = x[c];
        }
    }
}

static void average_pool(const ck_conv_shape *s, int count_include_pad, int32_t z_x, float m, int32_t z_y,
                         const int8_t *input, int8_t *output, size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  assert(ck_is_int8(z_x) && ck_is_int8(z_y));
  size_t channels = (size_t)s->in_c;
  for (size_t oy = row_begin; oy < row_end; oy++)
    for (size_t ox = 0; ox < (size_t)s->out_w; ox++) {
      int8_t *y = output + (oy * (size_t)s->out_w + ox) * channels;
      ck_window w = ck_window_at(s, oy, ox);
      int32_t count = count_include_pad ? s->kernel_h * s->kernel_w : (w.ky_end - w.ky_begin) * (w.kx_end - w.kx_begin);
      float scale = m / (float)(count > 0 ? count : 1);
      for (size_t c = 0; c < channels; c++) {
        uint32_t sum = 0;
        for (int32_t ky = w.ky_begin; ky < w.ky_end; ky++)
          for (int32_t kx = w.kx_begin; kx < w.kx_end; kx++)
            sum += (uint32_t)(ck_window_pixel(s, input, oy, ox, ky, kx)[c] - z_x);
        y[c] = ck_round_clamp((float)(int32_t)sum * scale, z_y, -128, 127);
      }
    }
}

static void global_average(size_t positions, size_t channels, int32_t z_x, float m, int32_t z_y, const int8_t *input,
                           int8_t *output) {
  assert(positions > 0 && channels > 0 && input && output && ck_is_int8(z_x) && ck_is_int8(z_y));
  float scale = m / (float)positions;
  for (size_t c = 0; c < channels; c++) {
    uint32_t sum = 0;
    for (size_t p = 0; p < positions; p++) sum += (uint32_t)(input[p * channels + c] - z_x);
    output[c] = ck_round_clamp((float)(int32_t)sum * scale, z_y, -128, 127);
  }
}

const ck_int8_ops ck_int8_ops__scalar = {
    .name = "ops_s8__scalar",
    .add = add,
    .mul_rows = mul_rows,
    .lut = ck_lut_s8__scalar,
    .requantize_rows = requantize_rows,
    .quantize = quantize,
    .quantize_planes = quantize_planes,
    .dequantize = dequantize,
    .max_pool = max_pool,
    .average_pool = average_pool,
    .global_average = global_average,
};
