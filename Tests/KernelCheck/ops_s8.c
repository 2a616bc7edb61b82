#include <math.h>
#include <string.h>

#include "check.h"
#include "ck_int8.h"

// Operands of one comparison, whose meaning depends on the operator.
typedef struct {
  size_t rows, channels;
  const int8_t *a, *b;
  const float *x;
  int32_t z_a, z_b, z_y, lo, hi;
  float m_a, m_b;
  ck_conv_shape shape;
} operands;

typedef void (*operator_call)(const ck_int8_ops *set, const operands *p, void *y);

static void call_add(const ck_int8_ops *set, const operands *p, void *y) {
  set->add(p->rows * p->channels, p->a, p->z_a, p->m_a, p->a + 1, p->z_b, p->m_b, p->z_y, p->lo, p->hi, y);
}
static void call_mul_rows(const ck_int8_ops *set, const operands *p, void *y) {
  set->mul_rows(p->rows, p->channels, p->a, p->z_a, p->b, p->z_b, p->m_a, p->z_y, p->lo, p->hi, y);
}
static void call_lut(const ck_int8_ops *set, const operands *p, void *y) {
  set->lut(p->rows * p->channels, p->a, p->b, y);
}
static void call_lut_in_place(const ck_int8_ops *set, const operands *p, void *y) {
  memcpy(y, p->a, p->rows * p->channels);
  set->lut(p->rows * p->channels, y, p->b, y);
}
static void call_requantize_rows(const ck_int8_ops *set, const operands *p, void *y) {
  set->requantize_rows(p->rows, p->channels, p->a, p->channels + 3, p->z_a, p->m_a, y, p->channels + 1, p->z_y);
}
static void call_copy_rows(const ck_int8_ops *set, const operands *p, void *y) {
  set->requantize_rows(p->rows, p->channels, p->a, p->channels, p->z_a, 1, y, p->channels, p->z_a);
}
static void call_quantize(const ck_int8_ops *set, const operands *p, void *y) {
  set->quantize(p->rows * p->channels, p->x, p->m_a, p->z_y, y);
}
// Rows are planes.
static void call_quantize_planes(const ck_int8_ops *set, const operands *p, void *y) {
  set->quantize_planes(p->rows, p->channels, p->x, p->channels, p->m_a, p->z_y, y);
}
static void call_dequantize(const ck_int8_ops *set, const operands *p, void *y) {
  set->dequantize(p->rows * p->channels, p->a, p->m_a, p->z_a, y);
}
static void call_global_average(const ck_int8_ops *set, const operands *p, void *y) {
  set->global_average(p->rows, p->channels, p->z_a, p->m_a, p->z_y, p->a, y);
}
static void call_max_pool(const ck_int8_ops *set, const operands *p, void *y) {
  size_t rows = (size_t)p->shape.out_h;
  set->max_pool(&p->shape, p->a, y, rows / 2, rows);
  set->max_pool(&p->shape, p->a, y, 0, rows / 2);
}
static void call_average_pool(const ck_int8_ops *set, const operands *p, void *y) {
  size_t rows = (size_t)p->shape.out_h;
  set->average_pool(&p->shape, 0, p->z_a, p->m_a, p->z_y, p->a, y, rows / 2, rows);
  set->average_pool(&p->shape, 0, p->z_a, p->m_a, p->z_y, p->a, y, 0, rows / 2);
}
static void call_average_pool_padded(const ck_int8_ops *set, const operands *p, void *y) {
  set->average_pool(&p->shape, 1, p->z_a, p->m_a, p->z_y, p->a, y, 0, (size_t)p->shape.out_h);
}

// Compares all sets; the output has `size` bytes.
static void compare(const char *name, operator_call call, const operands *p, size_t size) {
  const ck_int8_ops *sets[8], *scalar = ck_int8_ops_for(0);
  size_t count = ck_int8_ops_all(sets, sizeof sets / sizeof sets[0]);
  output reference = take_output(size);
  call(scalar, p, reference.data);
  digest_bytes(reference.data, size);
  for (size_t i = 0; i < count && sets[i] != scalar; i++) {
    output o = take_output(size);
    call(sets[i], p, o.data);
    tally(sets[i]->name, memcmp(o.data, reference.data, size) == 0 && !is_overrun(&o),
          "%s, %zu rows of %zu, zero points %d %d %d, scales %g %g, bounds %d %d%s", name, p->rows, p->channels, p->z_a,
          p->z_b, p->z_y, (double)p->m_a, (double)p->m_b, p->lo, p->hi, is_overrun(&o) ? ", writes outside" : "");
    give_back_output(&o);
  }
  give_back_output(&reference);
}

static const float odd_floats[] = {NAN,  INFINITY, -INFINITY, 0,         -0.0f,   1e30f,
                                   -1e30f, 0.05f,  -0.15f,    0x1p-149f, 3e9f, -3e9f};
enum { ODD_FLOATS = sizeof odd_floats / sizeof odd_floats[0] };

// All element-wise operators on `rows` of `channels`.
static void compare_elements(size_t rows, size_t channels, const kc_quantization *q, size_t i) {
  generator g = {.state = i};
  size_t n = rows * channels;
  memory a = random_bytes(&g, rows * (channels + 3), -128), b = random_bytes(&g, channels, -128);
  memory table = random_bytes(&g, 256, -128), x = random_floats(&g, n, 20);
  for (size_t k = 0; k < n; k += 3) ((float *)x.data)[k] = odd_floats[k / 3 % ODD_FLOATS];
  operands p = {.rows = rows, .channels = channels, .a = a.data, .b = b.data, .x = x.data};
  p.z_a = q->input_zero_point;
  p.z_b = next_int(&g, -128, 127);
  p.z_y = q->output_zero_point;
  p.lo = q->lo;
  p.hi = q->hi;
  // Halves meet the rounding of ties; odd scales are what no model has, and must not differ either.
  p.m_a = i % 7 == 5 ? odd_floats[i % ODD_FLOATS] : i % 3 == 0 ? 0.5f : next_float(&g, 0.01f, 2);
  p.m_b = i % 3 == 1 ? 0.5f : next_float(&g, 0.01f, 2);
  compare("add", call_add, &p, n);
  compare("requantize_rows", call_requantize_rows, &p, rows * (channels + 1));
  compare("copy", call_copy_rows, &p, n);
  compare("global_average", call_global_average, &p, channels);
  if (isfinite(p.m_a)) compare("dequantize", call_dequantize, &p, n * sizeof(float));
  p.m_a *= 0.02f;
  compare("mul_rows", call_mul_rows, &p, n);
  p.m_a = i % 2 ? 0.1f : 0.0371f;
  compare("quantize", call_quantize, &p, n);
  compare("quantize_planes", call_quantize_planes, &p, n);
  p.b = table.data;
  compare("lut", call_lut, &p, n);
  compare("lut in place", call_lut_in_place, &p, n);
  give_back(&a);
  give_back(&b);
  give_back(&table);
  give_back(&x);
}

static void compare_pools(const ck_conv_shape *s, const kc_quantization *q, size_t i) {
  generator g = {.state = i};
  memory a = random_bytes(&g, (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c, -128);
  operands p = {.rows = (size_t)(s->in_h * s->in_w), .channels = (size_t)s->in_c, .a = a.data, .shape = *s};
  p.z_a = q->input_zero_point;
  p.z_y = q->output_zero_point;
  p.m_a = i % 3 == 0 ? 1 : next_float(&g, 0.3f, 2);
  size_t size = (size_t)s->out_h * (size_t)s->out_w * (size_t)s->in_c;
  compare("max_pool", call_max_pool, &p, size);
  compare("average_pool", call_average_pool, &p, size);
  compare("average_pool, padding counted", call_average_pool_padded, &p, size);
  give_back(&a);
}

void check_ops_s8(const selection *s) {
  size_t quantization_count, size_count, pool_count;
  const kc_quantization *q = kc_quantizations(&quantization_count);
  const int32_t *sizes = kc_sizes(&size_count);
  const kc_case *pools = kc_cases(KC_POOLING, &pool_count);
  static const size_t rows[] = {1, 2, 3, 50};
  for (size_t i = 0; i < size_count; i++)
    for (size_t r = 0; r < 4; r++)
      for (size_t k = 0; k < quantization_count; k += s->every)
        compare_elements(rows[r], (size_t)sizes[i], &q[k], (i * 4 + r) * quantization_count + k);
  for (size_t i = 0; i < pool_count; i++) compare_pools(&pools[i].shape, &q[i % quantization_count], i);
}
