#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ck_float.h"

// Operands of one comparison, whose meaning depends on the operator.
typedef struct {
  size_t rows, channels;
  const float *a, *b, *c;
  ck_activation activation;
  ck_binary binary;
  int swapped;
  ck_conv_shape shape;
} operands;

typedef void (*operator_call)(const ck_float_ops *set, const operands *p, void *y);

static void call_unary(const ck_float_ops *set, const operands *p, void *y) {
  set->unary(p->activation, p->rows * p->channels, p->a, y);
}
static void call_binary(const ck_float_ops *set, const operands *p, void *y) {
  set->binary_rows(p->binary, p->swapped, p->rows, p->channels, p->a, p->b, y);
}
static void call_add(const ck_float_ops *set, const operands *p, void *y) {
  set->add(p->activation, p->channels, p->a, p->b, y);
}
static void call_scale_shift(const ck_float_ops *set, const operands *p, void *y) {
  set->scale_shift(p->activation, p->rows, p->channels, p->a, p->b, p->c, y);
}
static void call_max_pool(const ck_float_ops *set, const operands *p, void *y) {
  size_t rows = (size_t)p->shape.out_h;
  set->max_pool(&p->shape, p->a, y, rows / 2, rows);
  set->max_pool(&p->shape, p->a, y, 0, rows / 2);
}
static void call_average_pool(const ck_float_ops *set, const operands *p, void *y) {
  set->average_pool(&p->shape, p->swapped, p->a, y, 0, (size_t)p->shape.out_h);
}
static void call_global_average(const ck_float_ops *set, const operands *p, void *y) {
  set->global_average(p->rows, p->channels, p->a, y);
}
static void call_transpose32(const ck_float_ops *set, const operands *p, void *y) {
  set->transpose32(p->rows, p->channels, (const uint32_t *)p->a, y);
}
static void call_transpose8(const ck_float_ops *set, const operands *p, void *y) {
  set->transpose8(p->rows, p->channels, (const uint8_t *)p->a, y);
}
static void call_min_max(const ck_float_ops *set, const operands *p, void *y) {
  float *range = y;
  range[2] = (float)set->min_max(p->rows * p->channels, p->a, range);
}
static void call_histogram(const ck_float_ops *set, const operands *p, void *y) {
  memset(y, 0, 40 * sizeof(uint32_t));
  set->histogram(p->rows * p->channels, p->a, 4, -20, 40, y);
}
static void call_softmax(const ck_float_ops *set, const operands *p, void *y) {
  set->softmax(p->rows, p->channels, p->a, y);
}

// Compares the sets of all instruction sets that run here.
static void compare(const char *name, operator_call call, const operands *p, size_t size) {
  const ck_float_ops *sets[8], *scalar = ck_float_ops_for(0);
  size_t count = ck_float_ops_all(sets, sizeof sets / sizeof sets[0]);
  output reference = take_output(size);
  call(scalar, p, reference.data);
  if (size % sizeof(float) == 0)
    digest_floats(reference.data, size / sizeof(float));
  else
    digest_bytes(reference.data, size);
  for (size_t i = 0; i < count && sets[i] != scalar; i++) {
    char kernel[64];
    snprintf(kernel, sizeof kernel, "ops_f32__%s", sets[i]->name);
    output o = take_output(size);
    call(sets[i], p, o.data);
    int is_same = size % sizeof(float) == 0 ? same_floats(o.data, reference.data, size / sizeof(float))
                                            : memcmp(o.data, reference.data, size) == 0;
    tally(kernel, is_same && !is_overrun(&o), "%s, %zu rows of %zu, function %d, operator %d%s", name, p->rows,
          p->channels, (int)p->activation.function, (int)p->binary, is_overrun(&o) ? ", writes outside" : "");
    give_back_output(&o);
  }
  give_back_output(&reference);
}

// Values with zeros of both signs, infinities and NaN among them.
static memory mixed(generator *g, size_t count) {
  static const float specials[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e38f, -0x1p-149f};
  memory m = random_floats(g, count, 5);
  for (size_t i = 0; i < count; i++) {
    uint64_t pick = next_bits(g) % 24;
    if (pick < sizeof specials / sizeof specials[0]) ((float *)m.data)[i] = specials[pick];
  }
  return m;
}

static void compare_elements(size_t rows, size_t channels, size_t i) {
  generator g = {.state = i};
  size_t n = rows * channels;
  memory a = mixed(&g, n), b = mixed(&g, channels), c = mixed(&g, channels), plain = random_floats(&g, n, 5);
  operands p = {.rows = rows, .channels = channels, .a = a.data, .b = b.data, .c = c.data};
  for (int op = CK_ADD; op <= CK_MAX; op++) {
    p.binary = (ck_binary)op;
    p.swapped = (int)(i + (size_t)op) % 2;
    compare("binary_rows", call_binary, &p, n * sizeof(float));
  }
  static const ck_activation activations[] = {{CK_IDENTITY, 0, 0}, {CK_CLIP, 0, 6}, {CK_SILU, 0, 0}};
  for (int k = 0; k < 3; k++) {
    p.activation = activations[k];
    compare("scale_shift", call_scale_shift, &p, n * sizeof(float));
    compare("add", call_add, &p, channels * sizeof(float));
  }
  compare("min_max", call_min_max, &p, 3 * sizeof(float));
  compare("histogram", call_histogram, &p, 40 * sizeof(uint32_t));
  compare("transpose32", call_transpose32, &p, n * sizeof(uint32_t));
  compare("transpose8", call_transpose8, &p, n);
  compare("global_average", call_global_average, &p, channels * sizeof(float));
  p.a = plain.data;
  compare("softmax", call_softmax, &p, n * sizeof(float));
  give_back(&a);
  give_back(&b);
  give_back(&c);
  give_back(&plain);
}

// Every function over bits that reach all of float32, and over values near 0.
static void compare_functions(size_t count) {
  generator g = {.state = 1};
  memory a = random_floats(&g, count, 30);
  for (size_t i = 0; i < count / 2; i++) {
    uint32_t bits = (uint32_t)next_bits(&g);
    memcpy((float *)a.data + i, &bits, sizeof bits);
  }
  operands p = {.rows = 1, .channels = count, .a = a.data};
  for (int f = CK_IDENTITY; f <= CK_ROUND; f++) {
    p.activation = (ck_activation){(ck_function)f, f == CK_CLIP ? 0 : 0.2f, f == CK_CLIP ? 6 : 0.5f};
    compare("unary", call_unary, &p, count * sizeof(float));
  }
  give_back(&a);
}

static void compare_pools(const ck_conv_shape *s, size_t i) {
  generator g = {.state = i};
  memory a = mixed(&g, (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c);
  operands p = {.rows = 1, .channels = (size_t)s->in_c, .a = a.data, .shape = *s, .swapped = (int)i % 2};
  size_t size = (size_t)s->out_h * (size_t)s->out_w * (size_t)s->in_c * sizeof(float);
  compare("max_pool", call_max_pool, &p, size);
  compare("average_pool", call_average_pool, &p, size);
  give_back(&a);
}

void check_ops_f32(const selection *s) {
  size_t size_count, pool_count;
  const int32_t *sizes = kc_sizes(&size_count);
  const kc_case *pools = kc_cases(KC_POOLING, &pool_count);
  static const size_t rows[] = {1, 2, 5, 37};
  for (size_t i = 0; i < size_count; i++)
    for (size_t r = 0; r < 4; r++) compare_elements(rows[r], (size_t)sizes[i], i * 4 + r);
  compare_functions(100003 / s->every);
  for (size_t i = 0; i < pool_count; i++) compare_pools(&pools[i].shape, i);
}
