// The definition of the float operators other than convolution: plain loops.
#include "common/vec_f32__scalar.h"

#include "common/contract.h"
#include "common/float_kernels.h"
#include "common/math_f32.h"

#pragma STDC FP_CONTRACT OFF

static float apply(ck_activation f, float x) {
  const float a = f.a, b = f.b;
#define RETURN(expression) return expression
  F32_EACH_FUNCTION(f, RETURN)
#undef RETURN
  return x;
}

static void unary(ck_activation f, size_t n, const float *x, float *y) {
  assert(x && y && f.function <= CK_ROUND);
  for (size_t i = 0; i < n; i++) y[i] = apply(f, x[i]);
}

static float combine(ck_binary op, float a, float b) {
  switch (op) {
    case CK_ADD: return a + b;
    case CK_SUB: return a - b;
    case CK_MUL: return a * b;
    case CK_DIV: return a / b;
    // NaN where either is; of zeros with different signs the second.
    case CK_MIN: return a != a ? a : vf_min(a, b);
    case CK_MAX: return a != a ? a : vf_max(a, b);
  }
  return a;
}

static void binary_rows(ck_binary op, int swapped, size_t rows, size_t channels, const float *a, const float *b,
                        float *y) {
  assert(channels > 0 && a && b && y && op <= CK_MAX);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < channels; c++) {
      const size_t i = r * channels + c;
      y[i] = swapped ? combine(op, b[c], a[i]) : combine(op, a[i], b[c]);
    }
}

static void add(ck_activation f, size_t n, const float *a, const float *b, float *y) {
  assert(a && b && y && f.function <= CK_ROUND);
  for (size_t i = 0; i < n; i++) y[i] = apply(f, a[i] + b[i]);
}

static void scale_shift(ck_activation f, size_t rows, size_t channels, const float *x, const float *scale,
                        const float *shift, float *y) {
  assert(channels > 0 && x && scale && shift && y && f.function <= CK_ROUND);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < channels; c++) {
      const size_t i = r * channels + c;
      y[i] = apply(f, fmaf(x[i], scale[c], shift[c]));
    }
}

// Where a tap of the window of output (y, x) reads; NULL outside the image.
static const float *position(const ck_conv_shape *s, const float *input, int32_t y, int32_t x, int32_t ky, int32_t kx) {
  const int32_t iy = y * s->stride_h - s->pad_top + ky * s->dilation_h;
  const int32_t ix = x * s->stride_w - s->pad_left + kx * s->dilation_w;
  if (iy < 0 || iy >= s->in_h || ix < 0 || ix >= s->in_w) return NULL;
  return input + ((size_t)iy * (size_t)s->in_w + (size_t)ix) * (size_t)s->in_c;
}

// Runs the statement after it for the positions of a window that lie inside the image, in order.
#define EACH_POSITION(s, y, x, from, input)      \
  for (int32_t ky = 0; ky < (s)->kernel_h; ky++) \
    for (int32_t kx = 0; kx < (s)->kernel_w; kx++) \
      if ((from = position(s, input, (int32_t)(y), (int32_t)(x), ky, kx)))

static void max_pool(const ck_conv_shape *s, const float *input, float *output, size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  const size_t channels = (size_t)s->in_c, width = (size_t)s->out_w;
  for (size_t y = row_begin; y < row_end; y++)
    for (size_t x = 0; x < width; x++)
      for (size_t c = 0; c < channels; c++) {
        float largest = -INFINITY;
        const float *from;
        EACH_POSITION(s, y, x, from, input) largest = combine(CK_MAX, largest, from[c]);
        output[(y * width + x) * channels + c] = largest;
      }
}

static void average_pool(const ck_conv_shape *s, int count_include_pad, const float *input, float *output,
                         size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  const size_t channels = (size_t)s->in_c, width = (size_t)s->out_w;
  for (size_t y = row_begin; y < row_end; y++)
    for (size_t x = 0; x < width; x++)
      for (size_t c = 0; c < channels; c++) {
        float sum = 0.0f;
        int32_t count = 0;
        const float *from;
        EACH_POSITION(s, y, x, from, input) {
          sum += from[c];
          count++;
        }
        if (count_include_pad) count = s->kernel_h * s->kernel_w;
        output[(y * width + x) * channels + c] = count > 0 ? sum / (float)count : 0.0f;
      }
}

static void global_average(size_t positions, size_t channels, const float *input, float *output) {
  assert(positions > 0 && channels > 0 && input && output);
  for (size_t c = 0; c < channels; c++) {
    float sum = 0.0f;
    for (size_t p = 0; p < positions; p++) sum += input[p * channels + c];
    output[c] = sum / (float)positions;
  }
}

// Square blocks, so that both sides stay in cache lines already fetched.
#define TRANSPOSE(rows, columns, x, y)                                             \
  const size_t block = 16;                                                         \
  for (size_t r0 = 0; r0 < rows; r0 += block)                                      \
    for (size_t c0 = 0; c0 < columns; c0 += block)                                 \
      for (size_t c = c0; c < c0 + block && c < columns; c++)                      \
        for (size_t r = r0; r < r0 + block && r < rows; r++) y[c * rows + r] = x[r * columns + c]

static void transpose32(size_t rows, size_t columns, const uint32_t *x, uint32_t *y) {
  assert(rows > 0 && columns > 0 && x && y && x != y);
  TRANSPOSE(rows, columns, x, y);
}
static void transpose8(size_t rows, size_t columns, const uint8_t *x, uint8_t *y) {
  assert(rows > 0 && columns > 0 && x && y && x != y);
  TRANSPOSE(rows, columns, x, y);
}

static size_t min_max(size_t n, const float *x, float range[2]) {
  assert(x && range);
  float smallest = INFINITY, largest = -INFINITY;
  size_t not_finite = 0;
  for (size_t i = 0; i < n; i++) {
    if (!(vf_abs(x[i]) < INFINITY)) {
      not_finite++;
      continue;
    }
    smallest = vf_min(x[i], smallest);
    largest = vf_max(x[i], largest);
  }
  // A zero is +0, whichever sign came first.
  range[0] = smallest + 0.0f;
  range[1] = largest + 0.0f;
  return not_finite;
}

static void histogram(size_t n, const float *x, float inverse_width, int32_t base, size_t bins, uint32_t *counts) {
  assert(x && bins > 0 && counts);
  const float first = (float)base, last = (float)(bins - 1);
  for (size_t i = 0; i < n; i++) {
    if (!(vf_abs(x[i]) < INFINITY)) continue;
    // Clamped before the conversion to an index; the difference of two whole numbers this small is exact.
    counts[(size_t)vf_min(last, vf_max(floorf(x[i] * inverse_width) - first, 0.0f))] += 1;
  }
}

static void softmax(size_t rows, size_t columns, const float *x, float *y) {
  assert(columns > 0 && x && y);
  for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
    float largest = -INFINITY;
    for (size_t c = 0; c < columns; c++) largest = vf_max(x[c], largest);
    float sums[16] = {0};
    for (size_t c = 0; c < columns; c++) {
      y[c] = vf_exp(x[c] - largest);
      sums[c % 16] += y[c];
    }
    for (size_t half = 8; half > 0; half /= 2)
      for (size_t i = 0; i < half; i++) sums[i] += sums[i + half];
    for (size_t c = 0; c < columns; c++) y[c] /= sums[0];
  }
}

const ck_float_ops ck_float_ops__scalar = {
    "scalar",       unary,          binary_rows, add,        scale_shift, max_pool,  average_pool,
    global_average, transpose32,    transpose8,  min_max,    histogram,   softmax,
};
