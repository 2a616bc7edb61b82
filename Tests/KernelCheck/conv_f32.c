#include <math.h>
#include <string.h>

#include "check.h"
#include "ck_float.h"

static output run(const ck_conv_f32_kernel *kernel, const ck_conv_shape *s, const memory *input, const memory *weights,
                  const memory *bias, ck_activation activation, size_t parts) {
  memory packed = take_memory(ck_conv_f32_packed_size(kernel, s), CK_ALIGN);
  memory scratch = take_memory(ck_conv_f32_scratch(kernel, s), CK_ALIGN);
  output o = take_output((size_t)s->out_h * (size_t)s->out_w * (size_t)s->out_c * sizeof(float));
  ck_conv_f32_pack(kernel, s, weights->data, bias ? bias->data : NULL, packed.data);
  size_t units = ck_conv_f32_units(kernel, s);
  for (size_t part = parts; part-- > 0;) {
    size_t begin = units * part / parts, end = units * (part + 1) / parts;
    if (begin < end)
      ck_conv_f32_run(kernel, s, packed.data, &activation, input->data, o.data, begin, end, scratch.data);
  }
  give_back(&packed);
  give_back(&scratch);
  return o;
}

static void compare_case(const ck_conv_shape *s, size_t i) {
  generator g = {.state = i};
  size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w * (size_t)(s->in_c / s->groups), channels = (size_t)s->out_c;
  size_t inputs = (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c;
  memory input = random_floats(&g, inputs, 2), weights = random_floats(&g, channels * taps, 2);
  memory bias = random_floats(&g, channels, 2);
  if (i % 7 == 6) {
    static const float specials[] = {INFINITY, -INFINITY, NAN, -0.0f, 0x1p-149f};
    for (size_t k = 0; k < inputs; k += 41) ((float *)input.data)[k] = specials[k % 5];
    for (size_t k = 0; k < channels * taps; k += 5) ((float *)weights.data)[k] = 0;
  }
  static const ck_activation activations[] = {
      {CK_IDENTITY, 0, 0}, {CK_CLIP, 0, 6}, {CK_SILU, 0, 0}, {CK_LEAKY_RELU, 0.1f, 0}};
  ck_activation activation = activations[i % 4];
  const ck_conv_f32_kernel *kernels[32];
  size_t count = ck_conv_f32_all(s, kernels, sizeof kernels / sizeof kernels[0]), parts = i % 3 + 1;
  const memory *some_bias = i % 5 ? &bias : NULL;
  output reference = run(ck_conv_f32_choose(s, 0), s, &input, &weights, some_bias, activation, 1);
  digest_floats(reference.data, reference.size / sizeof(float));
  for (size_t k = 0; k < count; k++) {
    output o = run(kernels[k], s, &input, &weights, some_bias, activation, parts);
    int is_same = same_floats(o.data, reference.data, o.size / sizeof(float));
    tally(ck_conv_f32_name(kernels[k]), is_same && !is_overrun(&o), "%dx%dx%d->%d k%dx%d s%d d%d g%d in %zu%s", s->in_h,
          s->in_w, s->in_c, s->out_c, s->kernel_h, s->kernel_w, s->stride_w, s->dilation_w, s->groups, parts,
          is_overrun(&o) ? ", writes outside" : "");
    give_back_output(&o);
  }
  give_back_output(&reference);
  give_back(&input);
  give_back(&weights);
  give_back(&bias);
}

void check_conv_f32(const selection *s) {
  for (int family = 0; family < KC_FAMILIES; family++) {
    size_t count;
    const kc_case *cases = kc_cases((kc_family)family, &count);
    if (family == KC_POOLING || (family == KC_MODEL_LAYERS && !s->with_model_layers)) continue;
    for (size_t i = 0; i < count; i += s->every) compare_case(&cases[i].shape, i);
  }
}
