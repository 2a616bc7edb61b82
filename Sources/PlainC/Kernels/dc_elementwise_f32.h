// Float32 element-wise kernels. y may be the first operand.
#ifndef DC_ELEMENTWISE_F32_H
#define DC_ELEMENTWISE_F32_H

#include "dc_math_f32.h"

/// y = f(x)
DC_INLINE void dc_unary_f32(dc_activation f, int32_t n, const float *x, float *y) {
  for (int32_t i = 0; i < n; i++) y[i] = dc_apply(f, x[i]);
}

typedef enum { DC_ADD, DC_SUB, DC_MUL, DC_DIV, DC_MIN, DC_MAX } dc_binary;

/// DC_MIN and DC_MAX give NaN where either operand is; of zeros the second.
DC_INLINE float dc_combine(dc_binary op, float a, float b) {
  switch (op) {
    case DC_ADD: return dc_plus(a, b);
    case DC_SUB: return dc_minus(a, b);
    case DC_MUL: return dc_product(a, b);
    case DC_DIV: return dc_quotient(a, b);
    case DC_MIN: return a != a ? a : dc_min(a, b);
    default: return a != a ? a : dc_max(a, b);
  }
}

/// y = a op b, b of `channels` repeated along rows; b op a where `swapped`.
DC_INLINE void dc_binary_rows_f32(dc_binary op, int swapped, int32_t rows, int32_t channels, const float *a,
                                  const float *b, float *y) {
  for (int32_t r = 0; r < rows; r++, a += channels, y += channels)
    for (int32_t c = 0; c < channels; c++) y[c] = swapped ? dc_combine(op, b[c], a[c]) : dc_combine(op, a[c], b[c]);
}

/// y = f(a + b)
DC_INLINE void dc_add_f32(dc_activation f, int32_t n, const float *a, const float *b, float *y) {
  for (int32_t i = 0; i < n; i++) y[i] = dc_apply(f, dc_plus(a[i], b[i]));
}

/// y[r][c] = f(x[r][c] * scale[c] + shift[c]), rounded once.
DC_INLINE void dc_scale_shift_f32(dc_activation f, int32_t rows, int32_t channels, const float *x, const float *scale,
                                  const float *shift, float *y) {
  for (int32_t r = 0; r < rows; r++, x += channels, y += channels)
    for (int32_t c = 0; c < channels; c++) y[c] = dc_apply(f, dc_fma(x[c], scale[c], shift[c]));
}

#endif
