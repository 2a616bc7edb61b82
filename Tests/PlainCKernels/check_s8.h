// Comparisons of the int8 kernels.
#ifndef CHECK_S8_H
#define CHECK_S8_H

#include "check.h"
#include "dc_conv_s8.h"
#include "dc_dwconv_s8.h"
#include "dc_elementwise_s8.h"
#include "dc_pool_s8.h"

/// A convolution with weights as ONNX has them, [out_c][in_c / groups][kernel_h][kernel_w].
typedef struct {
  dc_window window;
  dc_output output;
  int8_t *weights, *x, *lut;
  int32_t *bias;
  float *multiplier;
} problem;

static problem make_problem(dc_window w, int32_t number) {
  problem p;
  const int32_t taps = w.kernel_h * w.kernel_w * (w.in_c / w.groups);
  p.window = w;
  p.weights = next_bytes(w.out_c * taps, number % 2 ? -128 : -127, 127);
  p.x = next_bytes(w.in_h * w.in_w * w.in_c, -128, 127);
  // The largest sums there are.
  if (number % 16 == 7) memset(p.weights, -128, (size_t)(w.out_c * taps));
  if (number % 8 == 7) memset(p.x, -128, (size_t)(w.in_h * w.in_w * w.in_c));
  p.bias = take((size_t)w.out_c * sizeof(int32_t));
  p.multiplier = take((size_t)w.out_c * sizeof(float));
  for (int32_t c = 0; c < w.out_c; c++) {
    p.bias[c] = number % 5 ? next_int(-20000, 20000) : 0;
    p.multiplier[c] = next_multiplier(taps);
  }
  // Sums that wrap, and products beyond int32, infinite and NaN.
  if (number % 10 == 9) {
    static const uint32_t multipliers[] = {0,          0xbc23d70a, 1,          0x7149f2ca,
                                           0xf149f2ca, 0x7f800000, 0xff800000, 0x7fc00000};
    for (int32_t c = 0; c < w.out_c; c++) {
      p.bias[c] = c % 2 ? INT32_MIN : INT32_MAX;
      if (number % 20 == 9) p.multiplier[c] = dc_from_bits(multipliers[next_int(0, 7)]);
    }
  }
  p.output.z_x = next_zero_point(), p.output.z_y = next_zero_point();
  p.output.lo = number % 3 ? -128 : next_int(-128, 127);
  p.output.hi = number % 4 ? 127 : next_int(p.output.lo, 127);
  p.lut = next_bytes(256, -128, 127);
  p.output.lut = number % 4 == 1 ? p.lut : NULL;
  return p;
}

static void give_back(problem *p) {
  free(p->lut);
  free(p->weights);
  free(p->x);
  free(p->bias);
  free(p->multiplier);
}

/// The bias of a channel from which what the input's zero point adds has been taken, modulo 2^32.
static int32_t folded_bias(const problem *p, int32_t channel) {
  const int32_t taps = p->window.kernel_h * p->window.kernel_w * (p->window.in_c / p->window.groups);
  uint32_t sum = (uint32_t)p->bias[channel];
  for (int32_t i = 0; i < taps; i++) sum -= (uint32_t)(p->output.z_x * p->weights[channel * taps + i]);
  int32_t folded;
  memcpy(&folded, &sum, sizeof folded);
  return folded;
}

typedef struct {
  int8_t *weights;
  int32_t *bias;
  float *multiplier;
} packed;

static packed take_packed(int32_t weights, int32_t channels) {
  packed k;
  k.weights = take((size_t)weights);
  k.bias = take((size_t)channels * sizeof(int32_t));
  k.multiplier = take((size_t)channels * sizeof(float));
  memset(k.weights, 0, (size_t)weights);
  memset(k.bias, 0, (size_t)channels * sizeof(int32_t));
  memset(k.multiplier, 0, (size_t)channels * sizeof(float));
  return k;
}

static void give_back_packed(packed *k) {
  free(k->weights);
  free(k->bias);
  free(k->multiplier);
}

static int32_t steps_of(const dc_window *w) {
  return w->kernel_h * (DC_ROUND_UP(w->kernel_w * (w->in_c / w->groups), 4) / 4);
}

static packed pack_conv(const problem *p) {
  const dc_window *w = &p->window;
  const int32_t channels = w->in_c / w->groups, per_group = w->out_c / w->groups, steps = steps_of(w);
  const int32_t blocks = DC_ROUND_UP(per_group, 8) / 8, row = steps / w->kernel_h * 4;
  packed k = take_packed(w->groups * blocks * steps * 32, w->groups * blocks * 8);
  for (int32_t o = 0; o < w->out_c; o++) {
    const int32_t group = o / per_group, lane = o % per_group, at = group * blocks * 8 + lane;
    k.bias[at] = folded_bias(p, o);
    k.multiplier[at] = p->multiplier[o];
    for (int32_t c = 0; c < channels; c++)
      for (int32_t ky = 0; ky < w->kernel_h; ky++)
        for (int32_t kx = 0; kx < w->kernel_w; kx++) {
          const int32_t position = ky * row + kx * channels + c;
          k.weights[((group * blocks + lane / 8) * steps + position / 4) * 32 + lane % 8 * 4 + position % 4] =
              p->weights[((o * channels + c) * w->kernel_h + ky) * w->kernel_w + kx];
        }
  }
  return k;
}

static packed pack_dwconv(const problem *p) {
  const dc_window *w = &p->window;
  const int32_t padded = DC_ROUND_UP(w->in_c, 16), taps = w->kernel_h * w->kernel_w;
  packed k = take_packed(taps * padded, padded);
  for (int32_t c = 0; c < w->in_c; c++) {
    k.bias[c] = folded_bias(p, c);
    k.multiplier[c] = p->multiplier[c];
    for (int32_t tap = 0; tap < taps; tap++) k.weights[tap * padded + c] = p->weights[c * taps + tap];
  }
  return k;
}

DEFINED_BY(static void *run_definition(const problem *p, int is_float) {
  const ck_conv_shape s = shape_of(&p->window);
  const ck_conv_s8_kernel *kernel = ck_conv_s8_choose(&s, 0);
  const size_t outputs = (size_t)(s.out_h * s.out_w * s.out_c);
  void *packed = NULL;
  if (posix_memalign(&packed, CK_ALIGN, ck_conv_s8_packed_size(kernel, &s)) != 0) exit(3);
  const ck_requantize r = {p->output.z_x, p->output.z_y, p->output.lo, p->output.hi, p->output.lut};
  void *y = take(outputs * (is_float ? sizeof(float) : 1));
  ck_conv_s8_pack(kernel, &s, p->weights, p->bias, p->multiplier, r.input_zero_point, packed);
  if (is_float)
    ck_conv_s8_run_f32(kernel, &s, packed, r.input_zero_point, p->x, y, 0, ck_conv_s8_units(kernel, &s), packed);
  else
    ck_conv_s8_run(kernel, &s, packed, &r, p->x, y, 0, ck_conv_s8_units(kernel, &s), packed);
  free(packed);
  return y;
})

static void check_conv_s8(const char *name, dc_window w, int32_t number) {
  problem p = make_problem(w, number);
  packed k = pack_conv(&p);
  const int32_t outputs = w.out_h * w.out_w * w.out_c;
  int8_t *scratch = take((size_t)DC_CONV_S8_SCRATCH(steps_of(&w), dc_conv_is_direct(&w)));
  void *expected = NULL;
  output o = take_output((size_t)outputs);
  dc_conv_s8(&w, &p.output, k.weights, k.bias, k.multiplier, p.x, o.data, scratch);
  DEFINED_BY(expected = run_definition(&p, 0);)
  check_bytes(name, o, expected);
  free(expected);
  expected = NULL;
  o = take_output((size_t)outputs * sizeof(float));
  dc_conv_s8_f32(&w, p.output.z_x, k.weights, k.bias, k.multiplier, p.x, o.data, scratch);
  DEFINED_BY(expected = run_definition(&p, 1);)
  check_floats("conv_s8_f32", o, expected);
  free(expected);
  free(scratch);
  give_back_packed(&k);
  give_back(&p);
}

static void check_dwconv_s8(dc_window w, int32_t number) {
  problem p = make_problem(w, number);
  packed k = pack_dwconv(&p);
  int8_t *scratch = take((size_t)DC_DWCONV_S8_SCRATCH(w.kernel_h * w.kernel_w));
  void *expected = NULL;
  output o = take_output((size_t)(w.out_h * w.out_w * w.out_c));
  dc_dwconv_s8(&w, &p.output, k.weights, k.bias, k.multiplier, p.x, o.data, scratch);
  DEFINED_BY(expected = run_definition(&p, 0);)
  check_bytes("dwconv_s8", o, expected);
  free(expected);
  free(scratch);
  give_back_packed(&k);
  give_back(&p);
}

static void check_convs_s8(void) {
  for (int32_t i = 0; i < 200; i++) {
    dc_window w = next_window(1);
    w.in_c = next_int(1, i % 8 ? 40 : 200), w.out_c = next_int(1, 40);
    check_conv_s8("conv_s8, 1x1", w, i);
    w = next_window(5);
    w.in_c = next_int(1, 20), w.out_c = next_int(1, 30);
    check_conv_s8("conv_s8, windows", w, i);
    w = next_window(4);
    w.groups = next_int(2, 5), w.in_c = w.groups * next_int(1, 6), w.out_c = w.groups * next_int(1, 12);
    check_conv_s8("conv_s8, groups", w, i);
    w = next_window(i % 4 ? 3 : 6);
    w.groups = w.in_c = w.out_c = next_int(1, 70);
    check_dwconv_s8(w, i);
    // Windows of 3x3 on wider rows, as most networks have them.
    w.kernel_h = w.kernel_w = 3, w.stride_h = w.stride_w = 1 + i % 2, w.dilation_h = w.dilation_w = 1;
    w.pad_top = w.pad_left = 1, w.in_h = next_int(1, 5), w.in_w = next_int(3, 30);
    w.out_h = (w.in_h - 1) / w.stride_h + 1, w.out_w = (w.in_w - 1) / w.stride_w + 1;
    check_dwconv_s8(w, i);
  }
}

static void check_elementwise_s8(int32_t number) {
  const int32_t rows = next_int(1, 6), channels = next_int(1, 70), n = rows * channels;
  const int32_t z_a = next_zero_point(), z_b = next_zero_point(), z_y = next_zero_point();
  const int32_t lo = number % 3 ? -128 : next_int(-128, 127), hi = number % 4 ? 127 : next_int(lo, 127);
  float m_a = next_float(-4, 1), m_b = next_float(-4, 1);
  // Products that are whole numbers once they are rounded, and halves: sums between two integers, but for what the
  // rounding has taken.
  const int32_t part = next_int(1, 9), parts = 2 * next_int(1, 9) + 1;
  const float whole = dc_float32((float)part / (float)parts);
  if (number % 4 == 1) m_a = whole, m_b = 0.5f;
  if (number % 4 == 3) m_a = 0.5f, m_b = whole;
  const float m_product = next_float(-12, -5), scale = dc_abs(next_float(-8, 0));
  const int32_t a_stride = channels + next_int(0, 5), y_stride = channels + next_int(0, 5);
  int8_t *a = next_bytes(rows * a_stride, -128, 127), *b = next_bytes(n, -128, 127), *lut = next_bytes(256, -128, 127);
  float *x = next_floats(n, number % 2 ? -6 : -127, number % 2 ? 8 : 127);
  if (number % 5 == 0) {
    static const uint32_t odd[] = {0x7f800000, 0xff800000, 0x7fc00000, 0x80000000, 1};
    for (int32_t i = 0; i < n; i += 3) x[i] = dc_from_bits(odd[i % 5]);
  }
  // Halfway between integers.
  if (number % 5 == 1)
    for (int32_t i = 0; i < n; i++) x[i] = scale * ((float)next_int(-300, 300) / 2);
  int8_t *expected = take((size_t)(rows * y_stride));
  float *expected_floats = take((size_t)n * sizeof(float));
  output o;
  DEFINED_BY(const ck_int8_ops *ck = ck_int8_ops_for(0);)
#define CHECK_S8(name, size, call, definition) \
  o = take_output((size_t)(size));             \
  call;                                        \
  memset(expected, PATTERN, (size_t)(size));   \
  DEFINED_BY(definition;)                      \
  check_bytes(name, o, expected)
  CHECK_S8("add_s8", n, dc_add_s8(n, a, z_a, m_a, b, z_b, m_b, z_y, lo, hi, o.data),
           ck->add((size_t)n, a, z_a, m_a, b, z_b, m_b, z_y, lo, hi, expected));
  CHECK_S8("mul_rows_s8", n, dc_mul_rows_s8(rows, channels, a, z_a, b, z_b, m_product, z_y, lo, hi, o.data),
           ck->mul_rows((size_t)rows, (size_t)channels, a, z_a, b, z_b, m_product, z_y, lo, hi, expected));
  CHECK_S8("lut_s8", n, dc_lut_s8(n, a, lut, o.data), ck->lut((size_t)n, a, lut, expected));
  const int32_t span = (rows - 1) * y_stride + channels;
  CHECK_S8("requantize_rows_s8", span,
           dc_requantize_rows_s8(rows, channels, a, a_stride, z_a, m_a, o.data, y_stride, z_y),
           ck->requantize_rows((size_t)rows, (size_t)channels, a, (size_t)a_stride, z_a, m_a, expected,
                               (size_t)y_stride, z_y));
  CHECK_S8("quantize_s8", n, dc_quantize_s8(n, x, scale, z_y, o.data),
           ck->quantize((size_t)n, x, scale, z_y, expected));
  CHECK_S8("quantize_planes_s8", n, dc_quantize_planes_s8(rows, channels, x, channels, scale, z_y, o.data),
           ck->quantize_planes((size_t)rows, (size_t)channels, x, (size_t)channels, scale, z_y, expected));
  CHECK_S8("global_average_s8", channels, dc_global_average_s8(rows, channels, z_a, m_a, z_y, b, o.data),
           ck->global_average((size_t)rows, (size_t)channels, z_a, m_a, z_y, b, expected));
  o = take_output((size_t)n * sizeof(float));
  dc_dequantize_s8(n, a, scale, z_a, o.data);
  DEFINED_BY(ck->dequantize((size_t)n, a, scale, z_a, expected_floats);)
  check_floats("dequantize_s8", o, expected_floats);
  free(a);
  free(b);
  free(lut);
  free(x);
  free(expected);
  free(expected_floats);
}

static void check_pool_s8(int32_t number) {
  dc_window w = next_window(4);
  w.in_c = w.out_c = next_int(1, 40);
  w.groups = number % 2 ? w.in_c : 1;
  const int32_t outputs = w.out_h * w.out_w * w.out_c, z_a = next_zero_point(), z_y = next_zero_point();
  const float m_a = next_float(-3, 1);
  int8_t *x = next_bytes(w.in_h * w.in_w * w.in_c, -128, 127), *expected = take((size_t)outputs);
  output o;
  DEFINED_BY(const ck_int8_ops *ck = ck_int8_ops_for(0); const ck_conv_shape s = shape_of(&w);
           const size_t rows = (size_t)w.out_h;)
  CHECK_S8("max_pool_s8", outputs, dc_max_pool_s8(&w, x, o.data), ck->max_pool(&s, x, expected, 0, rows));
  CHECK_S8("average_pool_s8", outputs, dc_average_pool_s8(&w, number % 3 == 0, z_a, m_a, z_y, x, o.data),
           ck->average_pool(&s, number % 3 == 0, z_a, m_a, z_y, x, expected, 0, rows));
  free(x);
  free(expected);
}

static void check_int8(void) {
  check_convs_s8();
  for (int32_t i = 0; i < 300; i++) {
    check_elementwise_s8(i);
    check_pool_s8(i);
  }
}

#endif
