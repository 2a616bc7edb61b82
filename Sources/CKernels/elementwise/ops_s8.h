// The element-wise and pooling operators over blocks of WIDTH bytes, included by the file of each vector instruction
// set after it has defined the blocks:
//
//   WIDTH, vector_f                      bytes of a block, one of its four vectors of floats
//   splat(f)  mul_f  add_f  div_f             on vector_f
//   zero_nan(v)                          NaN lanes become 0
//   load_block(x, z, v[4])               float(x[i] - z); reads WIDTH bytes
//   requantizer, make_requantizer        requantize__<isa>.h
//   store_block(v[4], r, y, n)           rounds, clamps and writes n <= WIDTH bytes
//   load_floats, store_floats            one vector_f from and to memory
//   interleave_three(planes, y)          16 pixels of three channels
//   bytes, load_bytes, max_bytes, splat_bytes, store_bytes(b, y, n)
//   sums, zero_sums, add_to_sums(s, x)   WIDTH int32 sums
//   sums_block(s, offset, v[4])          float(sums - offset)
//
// Loads of int8 may pass the end of a buffer by less than WIDTH <= CK_PAD; floats are never read past their end.
#include "common/contract.h"
#include "common/int8_kernels.h"
#include "pool/window.h"

enum { LANES = WIDTH / 4 };

#define EACH_VECTOR _Pragma("clang loop unroll(full)") for (size_t v = 0; v < 4; v++)

static void ops_add(size_t n, const int8_t *a, int32_t z_a, float m_a, const int8_t *b, int32_t z_b, float m_b,
                    int32_t z_y, int32_t lo, int32_t hi, int8_t *y) {
  assert(a && b && y && ck_is_int8(z_a) && ck_is_int8(z_b) && ck_is_output(z_y, lo, hi));
  requantizer r = make_requantizer(z_y, lo, hi);
  vector_f scale_a = splat(m_a), scale_b = splat(m_b);
  for (size_t i = 0; i < n; i += WIDTH) {
    vector_f p[4], q[4];
    load_block(a + i, z_a, p);
    load_block(b + i, z_b, q);
    EACH_VECTOR p[v] = add_f(mul_f(p[v], scale_a), mul_f(q[v], scale_b));
    store_block(p, r, y + i, ck_min(WIDTH, n - i));
  }
}

// The product of two differences of bytes has 17 bits: it is exact in float32, before the one rounding by m.
static void ops_mul_rows(size_t rows, size_t channels, const int8_t *a, int32_t z_a, const int8_t *b, int32_t z_b,
                         float m, int32_t z_y, int32_t lo, int32_t hi, int8_t *y) {
  assert(channels > 0 && a && b && y);
  assert(ck_is_int8(z_a) && ck_is_int8(z_b) && ck_is_output(z_y, lo, hi));
  requantizer r = make_requantizer(z_y, lo, hi);
  vector_f scale = splat(m);
  for (size_t row = 0; row < rows; row++, a += channels, y += channels) {
    for (size_t i = 0; i < channels; i += WIDTH) {
      vector_f p[4], q[4];
      load_block(a + i, z_a, p);
      load_block(b + i, z_b, q);
      EACH_VECTOR p[v] = mul_f(mul_f(p[v], q[v]), scale);
      store_block(p, r, y + i, ck_min(WIDTH, channels - i));
    }
  }
}

static void ops_requantize_rows(size_t rows, size_t channels, const int8_t *a, size_t a_stride, int32_t z_a, float m,
                                int8_t *y, size_t y_stride, int32_t z_y) {
  assert(channels > 0 && a && y && ck_is_int8(z_a) && ck_is_int8(z_y));
  assert(rows == 1 || (a_stride >= channels && y_stride >= channels));
  int copies = m == 1 && z_a == z_y;
  requantizer r = make_requantizer(z_y, -128, 127);
  vector_f scale = splat(m);
  for (size_t row = 0; row < rows; row++, a += a_stride, y += y_stride) {
    if (copies) {
      memcpy(y, a, channels);
      continue;
    }
    for (size_t i = 0; i < channels; i += WIDTH) {
      vector_f p[4];
      load_block(a + i, z_a, p);
      EACH_VECTOR p[v] = mul_f(p[v], scale);
      store_block(p, r, y + i, ck_min(WIDTH, channels - i));
    }
  }
}

static void ops_quantize(size_t n, const float *x, float scale, int32_t zero_point, int8_t *y) {
  assert(x && y && scale > 0 && ck_is_int8(zero_point));
  requantizer r = make_requantizer(zero_point, -128, 127);
  vector_f divisor = splat(scale);
  for (size_t i = 0; i < n; i += WIDTH) {
    size_t count = ck_min(WIDTH, n - i);
    float tail[WIDTH];
    const float *from = x + i;
    if (count < WIDTH) {
      memset(tail, 0, sizeof tail);
      memcpy(tail, from, count * sizeof(float));
      from = tail;
    }
    vector_f t[4];
    EACH_VECTOR t[v] = zero_nan(div_f(load_floats(from + v * LANES), divisor));
    store_block(t, r, y + i, count);
  }
}

static void ops_quantize_planes(size_t channels, size_t pixels, const float *x, size_t plane, float scale,
                                int32_t zero_point, int8_t *y) {
  assert(channels > 0 && pixels > 0 && plane >= pixels && x && y && scale > 0 && ck_is_int8(zero_point));
  enum { PIXELS = 256 };  // at a time, in L1
  int8_t planes[3][PIXELS];
  const int8_t *at[3];
  for (size_t p = 0; p < pixels; p += PIXELS) {
    size_t count = ck_min(PIXELS, pixels - p);
    if (channels == 3) {
      for (size_t c = 0; c < 3; c++) ops_quantize(count, x + c * plane + p, scale, zero_point, planes[c]);
      size_t i = 0;
      for (; i + 16 <= count; i += 16) {
        for (size_t c = 0; c < 3; c++) at[c] = planes[c] + i;
        interleave_three(at, y + (p + i) * 3);
      }
      for (; i < count; i++)
        for (size_t c = 0; c < 3; c++) y[(p + i) * 3 + c] = planes[c][i];
      continue;
    }
    for (size_t c = 0; c < channels; c++) {
      ops_quantize(count, x + c * plane + p, scale, zero_point, planes[0]);
      for (size_t i = 0; i < count; i++) y[(p + i) * channels + c] = planes[0][i];
    }
  }
}

static void ops_dequantize(size_t n, const int8_t *q, float scale, int32_t zero_point, float *y) {
  assert(q && y && ck_is_int8(zero_point));
  vector_f factor = splat(scale);
  for (size_t i = 0; i < n; i += WIDTH) {
    size_t count = ck_min(WIDTH, n - i);
    float tail[WIDTH];
    float *to = count < WIDTH ? tail : y + i;
    vector_f t[4];
    load_block(q + i, zero_point, t);
    EACH_VECTOR store_floats(mul_f(t[v], factor), to + v * LANES);
    if (count < WIDTH) memcpy(y + i, tail, count * sizeof(float));
  }
}

static void ops_max_pool(const ck_conv_shape *s, const int8_t *input, int8_t *output, size_t row_begin,
                         size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  size_t channels = (size_t)s->in_c;
  for (size_t oy = row_begin; oy < row_end; oy++)
    for (size_t ox = 0; ox < (size_t)s->out_w; ox++) {
      int8_t *y = output + (oy * (size_t)s->out_w + ox) * channels;
      ck_window w = ck_window_at(s, oy, ox);
      for (size_t i = 0; i < channels; i += WIDTH) {
        bytes most = splat_bytes(-128);
        for (int32_t ky = w.ky_begin; ky < w.ky_end; ky++)
          for (int32_t kx = w.kx_begin; kx < w.kx_end; kx++)
            most = max_bytes(most, load_bytes(ck_window_pixel(s, input, oy, ox, ky, kx) + i));
        store_bytes(most, y + i, ck_min(WIDTH, channels - i));
      }
    }
}

// Sums are taken of q alone; the zero points come off at once, modulo 2^32 like everything in int32.
static void store_average(sums total, size_t positions, int32_t z_x, float scale, requantizer r, int8_t *y,
                          size_t count) {
  vector_f t[4];
  sums_block(total, (int32_t)((uint32_t)positions * (uint32_t)z_x), t);
  EACH_VECTOR t[v] = mul_f(t[v], splat(scale));
  store_block(t, r, y, count);
}

static void ops_average_pool(const ck_conv_shape *s, int count_include_pad, int32_t z_x, float m, int32_t z_y,
                             const int8_t *input, int8_t *output, size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  assert(ck_is_int8(z_x) && ck_is_int8(z_y));
  size_t channels = (size_t)s->in_c;
  requantizer r = make_requantizer(z_y, -128, 127);
  for (size_t oy = row_begin; oy < row_end; oy++)
    for (size_t ox = 0; ox < (size_t)s->out_w; ox++) {
      int8_t *y = output + (oy * (size_t)s->out_w + ox) * channels;
      ck_window w = ck_window_at(s, oy, ox);
      int32_t inside = (w.ky_end - w.ky_begin) * (w.kx_end - w.kx_begin);
      int32_t count = count_include_pad ? s->kernel_h * s->kernel_w : inside;
      float scale = m / (float)(count > 0 ? count : 1);
      for (size_t i = 0; i < channels; i += WIDTH) {
        sums total = zero_sums();
        for (int32_t ky = w.ky_begin; ky < w.ky_end; ky++)
          for (int32_t kx = w.kx_begin; kx < w.kx_end; kx++)
            total = add_to_sums(total, ck_window_pixel(s, input, oy, ox, ky, kx) + i);
        store_average(total, (size_t)inside, z_x, scale, r, y + i, ck_min(WIDTH, channels - i));
      }
    }
}

static void ops_global_average(size_t positions, size_t channels, int32_t z_x, float m, int32_t z_y,
                               const int8_t *input, int8_t *output) {
  assert(positions > 0 && channels > 0 && input && output && ck_is_int8(z_x) && ck_is_int8(z_y));
  requantizer r = make_requantizer(z_y, -128, 127);
  float scale = m / (float)positions;
  for (size_t i = 0; i < channels; i += WIDTH) {
    sums total = zero_sums();
    for (size_t p = 0; p < positions; p++) total = add_to_sums(total, input + p * channels + i);
    store_average(total, positions, z_x, scale, r, output + i, ck_min(WIDTH, channels - i));
  }
}

#define OPS_DEFINE_SET(symbol, label, look_up)       \
  const ck_int8_ops symbol = {                       \
      .name = label,                                 \
      .add = ops_add,                                \
      .mul_rows = ops_mul_rows,                      \
      .lut = look_up,                                \
      .requantize_rows = ops_requantize_rows,        \
      .quantize = ops_quantize,                      \
      .quantize_planes = ops_quantize_planes,        \
      .dequantize = ops_dequantize,                  \
      .max_pool = ops_max_pool,                      \
      .average_pool = ops_average_pool,              \
      .global_average = ops_global_average,          \
  }
