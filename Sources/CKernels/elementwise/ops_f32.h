// Element-wise operators and softmax over the vectors of the including file, ops_f32__<isa>.c. The definition is
// ops_f32__scalar.c.
#include "common/compile.h"
#include "common/contract.h"
#include "common/float_kernels.h"
#include "common/math_f32.h"

#pragma STDC FP_CONTRACT OFF

#define BLOCK ((size_t)1024)  // floats worked on at a time where two steps share them: they stay in the first cache

static void unary(ck_activation f, size_t n, const float *from, float *to) {
  assert(from && to && f.function <= CK_ROUND);
  const vf a = vf_set1(f.a), b = vf_set1(f.b);
#define LOOP(expression)                              \
  {                                                   \
    size_t i = 0;                                     \
    for (; i + VF_WIDTH <= n; i += VF_WIDTH) {        \
      const vf x = vf_load(from + i);                 \
      vf_store(to + i, expression);                   \
    }                                                 \
    if (i < n) {                                      \
      const vf x = vf_load_first(from + i, n - i);    \
      vf_store_first(to + i, expression, n - i);      \
    }                                                 \
  }
  F32_EACH_FUNCTION(f, LOOP)
#undef LOOP
}

ALWAYS vf larger(vf a, vf b) { return vf_select(vf_is_nan(a), a, vf_max(a, b)); }
ALWAYS vf smaller(vf a, vf b) { return vf_select(vf_is_nan(a), a, vf_min(a, b)); }

ALWAYS vf combine(const ck_binary op, vf a, vf b) {
  switch (op) {
    case CK_ADD: return vf_add(a, b);
    case CK_SUB: return vf_sub(a, b);
    case CK_MUL: return vf_mul(a, b);
    case CK_DIV: return vf_div(a, b);
    case CK_MIN: return smaller(a, b);
    case CK_MAX: return larger(a, b);
  }
  return a;
}

ALWAYS void binary_of(const ck_binary op, const int swapped, size_t rows, size_t channels, const float *a,
                             const float *b, float *y) {
  const int one = channels == 1;
  if (one) channels = rows, rows = 1;
  const vf scalar = vf_set1(*b);
  for (size_t r = 0; r < rows; r++, a += channels, y += channels) {
    size_t c = 0;
    for (; c + VF_WIDTH <= channels; c += VF_WIDTH) {
      const vf p = vf_load(a + c), q = one ? scalar : vf_load(b + c);
      vf_store(y + c, swapped ? combine(op, q, p) : combine(op, p, q));
    }
    if (c < channels) {
      const size_t rest = channels - c;
      const vf p = vf_load_first(a + c, rest), q = one ? scalar : vf_load_first(b + c, rest);
      vf_store_first(y + c, swapped ? combine(op, q, p) : combine(op, p, q), rest);
    }
  }
}

static void binary_rows(ck_binary op, int swapped, size_t rows, size_t channels, const float *a, const float *b,
                        float *y) {
  assert(channels > 0 && a && b && y && op <= CK_MAX);
  switch (op) {
#define CASE(OP)                                         \
  case OP:                                               \
    if (swapped)                                         \
      binary_of(OP, 1, rows, channels, a, b, y);         \
    else                                                 \
      binary_of(OP, 0, rows, channels, a, b, y);         \
    break;
    CASE(CK_ADD) CASE(CK_SUB) CASE(CK_MUL) CASE(CK_DIV) CASE(CK_MIN) CASE(CK_MAX)
#undef CASE
  }
}

static void add(ck_activation f, size_t n, const float *a, const float *b, float *y) {
  assert(a && b && y && f.function <= CK_ROUND);
  const vf lo = vf_set1(f32_lower(f)), hi = vf_set1(f32_upper(f));
  for (size_t begin = 0; begin < n; begin += BLOCK) {
    const size_t end = n - begin < BLOCK ? n : begin + BLOCK;
    size_t i = begin;
    for (; i + VF_WIDTH <= end; i += VF_WIDTH)
      vf_store(y + i, vf_clip(vf_add(vf_load(a + i), vf_load(b + i)), lo, hi));
    if (i < end) {
      const size_t rest = end - i;
      vf_store_first(y + i, vf_clip(vf_add(vf_load_first(a + i, rest), vf_load_first(b + i, rest)), lo, hi), rest);
    }
    if (!f32_is_clip(f)) unary(f, end - begin, y + begin, y + begin);
  }
}

static void scale_shift(ck_activation f, size_t rows, size_t channels, const float *x, const float *scale,
                        const float *shift, float *y) {
  assert(channels > 0 && x && scale && shift && y && f.function <= CK_ROUND);
  const vf lo = vf_set1(f32_lower(f)), hi = vf_set1(f32_upper(f));
  const size_t together = channels < BLOCK ? BLOCK / channels : 1;
  for (size_t begin = 0; begin < rows; begin += together) {
    const size_t end = rows - begin < together ? rows : begin + together;
    for (size_t r = begin; r < end; r++) {
      const float *from = x + r * channels;
      float *to = y + r * channels;
      size_t c = 0;
      for (; c + VF_WIDTH <= channels; c += VF_WIDTH) {
        const vf scaled = vf_fma(vf_load(from + c), vf_load(scale + c), vf_load(shift + c));
        vf_store(to + c, vf_clip(scaled, lo, hi));
      }
      if (c < channels) {
        const size_t rest = channels - c;
        const vf scaled = vf_fma(vf_load_first(from + c, rest), vf_load_first(scale + c, rest),
                                 vf_load_first(shift + c, rest));
        vf_store_first(to + c, vf_clip(scaled, lo, hi), rest);
      }
    }
    if (!f32_is_clip(f)) unary(f, (end - begin) * channels, y + begin * channels, y + begin * channels);
  }
}

static float row_maximum(size_t n, const float *x) {
  vf lanes = vf_set1(-INFINITY);
  size_t c = 0;
  for (; c + VF_WIDTH <= n; c += VF_WIDTH) lanes = vf_max(vf_load(x + c), lanes);
  float each[VF_WIDTH], largest = -INFINITY;
  vf_store(each, lanes);
  for (size_t i = 0; i < VF_WIDTH; i++) largest = each[i] > largest ? each[i] : largest;
  for (; c < n; c++) largest = x[c] > largest ? x[c] : largest;
  return largest;
}

static void softmax(size_t rows, size_t columns, const float *x, float *y) {
  assert(columns > 0 && x && y);
  enum { VECTORS = 16 / VF_WIDTH };
  for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
    const vf largest = vf_set1(row_maximum(columns, x));
    vf lanes[VECTORS];
    for (int j = 0; j < VECTORS; j++) lanes[j] = vf_set1(0.0f);
    size_t c = 0;
    for (; c + 16 <= columns; c += 16)
      for (int j = 0; j < VECTORS; j++) {
        const vf e = vf_exp(vf_sub(vf_load(x + c + j * VF_WIDTH), largest));
        lanes[j] = vf_add(lanes[j], e);
        vf_store(y + c + j * VF_WIDTH, e);
      }
    float sums[16];
    for (int j = 0; j < VECTORS; j++) vf_store(sums + j * VF_WIDTH, lanes[j]);
    for (size_t i = c; i < columns; i += VF_WIDTH) {
      const size_t rest = columns - i < VF_WIDTH ? columns - i : VF_WIDTH;
      vf_store_first(y + i, vf_exp(vf_sub(vf_load_first(x + i, rest), largest)), rest);
    }
    for (; c < columns; c++) sums[c % 16] += y[c];
    for (size_t half = 8; half > 0; half /= 2)
      for (size_t i = 0; i < half; i++) sums[i] += sums[i + half];
    binary_rows(CK_DIV, 0, columns, 1, y, sums, y);
  }
}
