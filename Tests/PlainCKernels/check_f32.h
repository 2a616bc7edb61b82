// Comparisons of the float32 kernels, and of the tables and transposes beside them.
#ifndef CHECK_F32_H
#define CHECK_F32_H

#include "check.h"
#include "dc_conv_f32.h"
#include "dc_elementwise_f32.h"
#include "dc_pool_f32.h"
#include "dc_softmax_f32.h"
#include "dc_transpose.h"

/// Numbers around everything that is special to a function.
static float odd_float(int32_t i) {
  static const uint32_t odd[] = {0x7f800000, 0xff800000, 0x7fc00000, 0,          0x80000000, 1,          0x80000001,
                                 0x7f7fffff, 0xff7fffff, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0x4b000000,
                                 0xcafffffd, 0x42b17218, 0xc2aeac50, 0xc2cff1b5, 0x41a00000, 0x3f6c0000, 0x00800000};
  return dc_from_bits(odd[i % (int32_t)(sizeof odd / sizeof *odd)]);
}

/// Products and sums of every kind, rounded in three ways that must agree.
static void check_fma(void) {
  tally *t = tally_of("fma");
  for (int32_t i = 0; i < 40000; i++) {
    float a = dc_from_bits((uint32_t)next_bits()), b = dc_from_bits((uint32_t)next_bits());
    float c = dc_from_bits((uint32_t)next_bits());
    if (i % 4 == 1) a = next_float(-3, 3), b = next_float(-3, 3), c = next_float(-6, 6);
    if (i % 4 == 2) c = dc_negative(dc_product(a, b));  // what is left is the product's own error
    // Beside the middle between two floats, and among subnormal numbers.
    if (i % 4 == 3) {
      a = dc_from_bits(dc_bits(next_float(-2, 2)) & 0xfffff000), b = dc_from_bits(0x3f800001);
      c = next_float(-127, -99);
    }
    if (i % 16 == 7) a = next_float(-80, -60), b = next_float(-70, -64);
    if (i % 16 == 8) b = odd_float(next_int(0, 20));
    if (i % 16 == 12) c = odd_float(next_int(0, 20));
    const float y = dc_fma(a, b, c), by_integers = dc_fma_by_integers(a, b, c);
    const uint32_t bits = y != y ? 0x7fc00000 : dc_bits(y);
    int agree = bits == (by_integers != by_integers ? 0x7fc00000 : dc_bits(by_integers));
#if FLT_EVAL_METHOD == 0
    const float by_double = dc_fma_by_double(a, b, c);
    agree &= bits == (by_double != by_double ? 0x7fc00000 : dc_bits(by_double));
#endif
    if (!agree) say_wrong(t, "is rounded otherwise", i);
    for (int32_t shift = 0; shift < 32; shift += 8)
      t->digest = (t->digest ^ (bits >> shift & 0xff)) * UINT64_C(0x100000001b3);
  }
  t->cases += 40000;
}

#define CHECK_F32(name, count, call, definition)         \
  o = take_output((size_t)(count) * sizeof(float));      \
  call;                                                  \
  DEFINED_BY(definition;)                                \
  check_floats(name, o, expected)

static const char *const function_names[] = {
    "identity", "clip",     "sigmoid", "silu", "tanh", "hard_sigmoid", "hard_swish", "leaky_relu", "elu",
    "gelu",     "erf",      "exp",     "softplus", "mish", "log",      "sqrt",       "abs",        "neg",
    "reciprocal", "floor",  "ceil",    "selu", "sign"};

static void check_functions(void) {
  const int32_t n = 400;
  float *expected = take((size_t)n * sizeof(float));
  for (int32_t f = DC_IDENTITY; f <= DC_ROUND; f = f == DC_SIGN ? DC_ROUND : f + 1)
    for (int32_t i = 0; i < 12; i++) {
      float *x = next_floats(n, i % 3 ? -10 : -127, i % 3 ? 7 : 127);
      for (int32_t j = 0; j < n; j += 5) x[j] = odd_float(i + j / 5);
      dc_activation activation;
      activation.function = (dc_function)f, activation.a = next_float(-3, 0), activation.b = next_float(-3, 0);
      if (f == DC_CLIP) activation.a = dc_negative(dc_abs(activation.a));
      output o;
      DEFINED_BY(const ck_activation ck = {(ck_function)f, activation.a, activation.b};)
      CHECK_F32(f == DC_ROUND ? "round" : function_names[f], n, dc_unary_f32(activation, n, x, o.data),
                ck_float_ops_for(0)->unary(ck, (size_t)n, x, expected));
      free(x);
    }
  free(expected);
}

static void check_elementwise_f32(int32_t number) {
  const int32_t rows = next_int(1, 6), channels = next_int(1, 50), n = rows * channels;
  float *a = next_floats(n, -6, 6), *b = next_floats(n, -6, 6), *scale = next_floats(channels, -6, 6);
  for (int32_t i = 0; number % 3 == 0 && i < n; i += 4)
    a[i] = odd_float(number + i), b[(i + number) % n] = odd_float(i);
  float *expected = take((size_t)n * sizeof(float));
  const dc_activation f = {number % 2 ? DC_IDENTITY : DC_SILU, 0, 0};
  const dc_binary op = (dc_binary)(number % 6);
  const int swapped = number % 4 == 3;
  output o;
  DEFINED_BY(const ck_float_ops *ck = ck_float_ops_for(0); const ck_activation ck_f = {(ck_function)f.function, 0, 0};
             const size_t ck_rows = (size_t)rows, ck_channels = (size_t)channels;)
  CHECK_F32("binary_rows_f32", n, dc_binary_rows_f32(op, swapped, rows, channels, a, b, o.data),
            ck->binary_rows((ck_binary)op, swapped, ck_rows, ck_channels, a, b, expected));
  CHECK_F32("add_f32", n, dc_add_f32(f, n, a, b, o.data), ck->add(ck_f, (size_t)n, a, b, expected));
  CHECK_F32("scale_shift_f32", n, dc_scale_shift_f32(f, rows, channels, a, scale, b, o.data),
            ck->scale_shift(ck_f, ck_rows, ck_channels, a, scale, b, expected));
  CHECK_F32("global_average_f32", channels, dc_global_average_f32(rows, channels, a, o.data),
            ck->global_average(ck_rows, ck_channels, a, expected));
  CHECK_F32("softmax_f32", n, dc_softmax_f32(rows, channels, a, o.data),
            ck->softmax(ck_rows, ck_channels, a, expected));
  CHECK_F32("transpose32", n, dc_transpose32(rows, channels, a, o.data),
            ck->transpose32(ck_rows, ck_channels, (const uint32_t *)(const void *)a, (uint32_t *)(void *)expected));
  int8_t *bytes = next_bytes(n, -128, 127);
  o = take_output((size_t)n);
  dc_transpose8(rows, channels, bytes, o.data);
  DEFINED_BY(ck->transpose8(ck_rows, ck_channels, (const uint8_t *)bytes, (uint8_t *)expected);)
  check_bytes("transpose8", o, expected);
  free(bytes);
  free(a);
  free(b);
  free(scale);
  free(expected);
}

/// Weights [out_c][in_c / groups][kernel_h][kernel_w] of a convolution in blocks of 8 channels.
static float *pack_conv_f32(const dc_window *w, const float *weights) {
  const int32_t channels = w->in_c / w->groups, per_group = w->out_c / w->groups, taps = w->kernel_h * w->kernel_w;
  const int32_t blocks = DC_ROUND_UP(per_group, 8) / 8, size = w->groups * blocks * taps * channels * 8;
  float *packed = take((size_t)size * sizeof(float));
  for (int32_t i = 0; i < size; i++) packed[i] = 0;
  for (int32_t o = 0; o < w->out_c; o++)
    for (int32_t c = 0; c < channels; c++)
      for (int32_t tap = 0; tap < taps; tap++) {
        const int32_t lane = o % per_group, block = o / per_group * blocks + lane / 8;
        packed[((block * taps + tap) * channels + c) * 8 + lane % 8] = weights[(o * channels + c) * taps + tap];
      }
  return packed;
}

static float *pack_dwconv_f32(const dc_window *w, const float *weights) {
  const int32_t taps = w->kernel_h * w->kernel_w, padded = DC_ROUND_UP(w->in_c, 16);
  float *packed = take((size_t)(taps * padded) * sizeof(float));
  for (int32_t i = 0; i < taps * padded; i++)
    packed[i] = i % padded < w->in_c ? weights[i % padded * taps + i / padded] : 0;
  return packed;
}

/// Biases in blocks: a group's channels rounded up to a multiple.
static float *pack_bias(const float *bias, int32_t groups, int32_t channels, int32_t multiple) {
  const int32_t padded = DC_ROUND_UP(channels, multiple);
  float *packed = take((size_t)(groups * padded) * sizeof(float));
  for (int32_t i = 0; i < groups * padded; i++)
    packed[i] = i % padded < channels ? bias[i / padded * channels + i % padded] : 0;
  return packed;
}

DEFINED_BY(static void run_definition_f32(const dc_window *w, dc_activation f, const float *weights, const float *bias,
                                          const float *x, float *y) {
  const ck_conv_shape s = shape_of(w);
  const ck_conv_f32_kernel *kernel = ck_conv_f32_choose(&s, 0);
  const ck_activation activation = {(ck_function)f.function, f.a, f.b};
  void *packed = NULL;
  if (posix_memalign(&packed, CK_ALIGN, ck_conv_f32_packed_size(kernel, &s)) != 0) exit(3);
  ck_conv_f32_pack(kernel, &s, weights, bias, packed);
  ck_conv_f32_run(kernel, &s, packed, &activation, x, y, 0, ck_conv_f32_units(kernel, &s), packed);
  free(packed);
})

static void check_conv_f32(dc_window w, int32_t number) {
  const int32_t channels = w.in_c / w.groups, taps = w.kernel_h * w.kernel_w, outputs = w.out_h * w.out_w * w.out_c;
  float *weights = next_floats(w.out_c * channels * taps, -5, 1), *bias = next_floats(w.out_c, -3, 2);
  float *x = next_floats(w.in_h * w.in_w * w.in_c, number % 7 ? -4 : -127, 3);
  float *expected = take((size_t)outputs * sizeof(float));
  const dc_activation f = {number % 3 ? DC_IDENTITY : number % 2 ? DC_HARD_SWISH : DC_GELU, 0, 0};
  const int is_depthwise = w.groups == w.in_c && w.in_c == w.out_c;
  float *packed = is_depthwise ? pack_dwconv_f32(&w, weights) : pack_conv_f32(&w, weights);
  float *packed_bias = is_depthwise ? pack_bias(bias, 1, w.in_c, 16) : pack_bias(bias, w.groups, w.out_c / w.groups, 8);
  output o;
  if (is_depthwise) {
    CHECK_F32("dwconv_f32", outputs, dc_dwconv_f32(&w, f, packed, packed_bias, x, o.data),
              run_definition_f32(&w, f, weights, bias, x, expected));
  } else {
    CHECK_F32("conv_f32", outputs, dc_conv_f32(&w, f, packed, packed_bias, x, o.data),
              run_definition_f32(&w, f, weights, bias, x, expected));
  }
  free(weights);
  free(bias);
  free(x);
  free(expected);
  free(packed);
  free(packed_bias);
}

static void check_pool_f32(int32_t number) {
  dc_window w = next_window(4);
  w.in_c = w.out_c = w.groups = next_int(1, 20);
  const int32_t outputs = w.out_h * w.out_w * w.out_c, inputs = w.in_h * w.in_w * w.in_c;
  float *x = next_floats(inputs, -4, 4), *expected = take((size_t)outputs * sizeof(float));
  for (int32_t i = 0; number % 3 == 0 && i < inputs; i += 5) x[i] = odd_float(i + number);
  output o;
  DEFINED_BY(const ck_float_ops *ck = ck_float_ops_for(0); const ck_conv_shape s = shape_of(&w);
             const size_t rows = (size_t)w.out_h;)
  CHECK_F32("max_pool_f32", outputs, dc_max_pool_f32(&w, x, o.data), ck->max_pool(&s, x, expected, 0, rows));
  CHECK_F32("average_pool_f32", outputs, dc_average_pool_f32(&w, number % 2, x, o.data),
            ck->average_pool(&s, number % 2, x, expected, 0, rows));
  free(x);
  free(expected);
}

static void check_float32(void) {
  check_fma();
  check_functions();
  for (int32_t i = 0; i < 120; i++) {
    check_elementwise_f32(i);
    check_pool_f32(i);
    dc_window w = next_window(i % 3 ? 3 : 1);
    w.groups = i % 4 ? 1 : next_int(1, 3), w.in_c = w.groups * next_int(1, 12), w.out_c = w.groups * next_int(2, 12);
    check_conv_f32(w, i);
    w = next_window(4);
    w.groups = w.in_c = w.out_c = next_int(1, 40);
    check_conv_f32(w, i);
  }
}

#endif
