#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#pragma STDC FP_CONTRACT OFF  // the same operands everywhere

// One convolution with its operands.
typedef struct {
  ck_conv_shape shape;
  memory weights, bias, multiplier, input;
  int has_bias;
  ck_requantize requantize;
  int8_t lut[256];
  size_t outputs;
  char label[120];
} problem;

static problem make_problem(const ck_conv_shape *shape, size_t i) {
  generator g = {.state = i};
  problem p = {.shape = *shape, .has_bias = i % 5 != 0};
  size_t channels = (size_t)shape->out_c;
  size_t taps = (size_t)shape->kernel_h * (size_t)shape->kernel_w * (size_t)(shape->in_c / shape->groups);
  p.outputs = (size_t)shape->out_h * (size_t)shape->out_w * channels;
  p.weights = random_bytes(&g, channels * taps, -127);
  p.input = random_bytes(&g, (size_t)shape->in_h * (size_t)shape->in_w * (size_t)shape->in_c, -128);
  // The largest sums of two products: weights of -127 and the one of -128 a channel may have, on inputs of -128.
  if (i % 8 == 7) memset(p.weights.data, -127, channels * taps);
  if (i % 8 == 7) memset(p.input.data, -128, (size_t)shape->in_h * (size_t)shape->in_w * (size_t)shape->in_c);
  for (size_t c = 0; c < channels && i % 2 == 1; c++) ((int8_t *)p.weights.data)[c * taps + c % taps] = -128;
  p.bias = take_memory(channels * sizeof(int32_t), sizeof(int32_t));
  for (size_t c = 0; c < channels; c++) ((int32_t *)p.bias.data)[c] = next_int(&g, -20000, 20000);
  // Accumulators grow with the square root of the taps; outputs should reach both bounds now and then.
  float scale = 1 / (sqrtf((float)taps) * 70);
  p.multiplier = random_floats(&g, channels, 1);
  float *m = p.multiplier.data;
  for (size_t c = 0; c < channels; c++) {
    m[c] = (0.3f + 2.7f * fabsf(m[c])) * scale;
    // Powers of two put some accumulators exactly between two outputs.
    int exponent;
    frexpf(m[c], &exponent);
    if (i % 3 == 0) m[c] = ldexpf(1, exponent);
  }
  size_t count;
  const kc_quantization *all = kc_quantizations(&count), q = all[i % count];
  p.requantize = (ck_requantize){q.input_zero_point, q.output_zero_point, q.lo, q.hi, NULL};
  for (size_t k = 0; k < sizeof p.lut; k++) p.lut[k] = (int8_t)next_int(&g, -128, 127);
  snprintf(p.label, sizeof p.label, "%dx%dx%d->%dx%dx%d k%dx%d s%d,%d d%d,%d p%d,%d g%d", shape->in_h, shape->in_w,
           shape->in_c, shape->out_h, shape->out_w, shape->out_c, shape->kernel_h, shape->kernel_w, shape->stride_h,
           shape->stride_w, shape->dilation_h, shape->dilation_w, shape->pad_top, shape->pad_left, shape->groups);
  return p;
}

static void give_back_problem(problem *p) {
  give_back(&p->weights);
  give_back(&p->bias);
  give_back(&p->multiplier);
  give_back(&p->input);
}

// Runs a kernel, its units in `parts` ranges, the last range first: nothing may depend on their order.
static output run(const problem *p, const ck_conv_s8_kernel *kernel, size_t parts, int is_float) {
  const ck_conv_shape *s = &p->shape;
  ck_requantize requantize = p->requantize;
  requantize.lut = p->requantize.lut ? p->lut : NULL;
  memory packed = take_memory(ck_conv_s8_packed_size(kernel, s), CK_ALIGN);
  memory scratch = take_memory(ck_conv_s8_scratch(kernel, s), CK_ALIGN);
  output o = take_output(p->outputs * (is_float ? sizeof(float) : 1));
  int32_t zero_point = requantize.input_zero_point;
  ck_conv_s8_pack(kernel, s, p->weights.data, p->has_bias ? p->bias.data : NULL, p->multiplier.data, zero_point,
                  packed.data);
  size_t units = ck_conv_s8_units(kernel, s);
  for (size_t part = parts; part-- > 0;) {
    size_t begin = units * part / parts, end = units * (part + 1) / parts;
    if (begin == end) continue;
    if (is_float)
      ck_conv_s8_run_f32(kernel, s, packed.data, zero_point, p->input.data, o.data, begin, end, scratch.data);
    else
      ck_conv_s8_run(kernel, s, packed.data, &requantize, p->input.data, o.data, begin, end, scratch.data);
  }
  give_back(&packed);
  give_back(&scratch);
  return o;
}

// Compares all kernels on one problem; `parts` ranges of units.
static void compare(const problem *p, size_t parts, int is_float) {
  const ck_conv_s8_kernel *kernels[32];
  size_t count = ck_conv_s8_all(&p->shape, kernels, sizeof kernels / sizeof kernels[0]);
  output reference = run(p, ck_conv_s8_choose(&p->shape, 0), 1, is_float);
  if (is_float)
    digest_floats(reference.data, p->outputs);
  else
    digest_bytes(reference.data, p->outputs);
  for (size_t k = 0; k < count; k++) {
    output o = run(p, kernels[k], parts, is_float);
    int is_same = is_float ? same_floats(o.data, reference.data, p->outputs)
                           : memcmp(o.data, reference.data, p->outputs) == 0;
    tally(ck_conv_s8_name(kernels[k]), is_same && !is_overrun(&o), "%s in %zu%s%s", p->label, parts,
          is_float ? ", float32" : "", is_overrun(&o) ? ", writes outside" : "");
    give_back_output(&o);
  }
  give_back_output(&reference);
}

static void compare_case(const ck_conv_shape *shape, size_t i) {
  problem p = make_problem(shape, i);
  if (i % 4 == 1) p.requantize.lut = p.lut;
  compare(&p, i % 3 + 1, 0);
  compare(&p, i % 2 + 1, 1);
  give_back_problem(&p);
}

// Scaled accumulators beyond int32 and NaN, and sums that wrap.
static void compare_extremes(const ck_conv_shape *shape) {
  static const float multipliers[] = {0, -0.01f, 0x1p-149f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN};
  problem p = make_problem(shape, 12);
  float *m = p.multiplier.data;
  for (int i = 0; i < shape->out_c; i++) ((int32_t *)p.bias.data)[i] = i % 2 == 0 ? INT32_MAX : INT32_MIN;
  compare(&p, 1, 0);
  for (int i = 0; i < shape->out_c; i++) m[i] = multipliers[i % 8];
  compare(&p, 1, 0);
  compare(&p, 1, 1);
  p.requantize = (ck_requantize){5, 9, -3, 5, NULL};
  p.has_bias = 0;
  compare(&p, 1, 0);
  give_back_problem(&p);
}

void check_conv_s8(const selection *s) {
  for (int family = 0; family < KC_FAMILIES; family++) {
    size_t count;
    const kc_case *cases = kc_cases((kc_family)family, &count);
    if (family == KC_POOLING || (family == KC_MODEL_LAYERS && !s->with_model_layers)) continue;
    for (size_t i = 0; i < count; i += s->every) compare_case(&cases[i].shape, i);
  }
  ck_conv_shape pointwise = kc_shape(5, 1, 9, 72, 1, 1, 1, 0, 1), depthwise = kc_shape(4, 4, 72, 72, 3, 1, 1, 1, 72);
  compare_extremes(&pointwise);
  compare_extremes(&depthwise);
}
