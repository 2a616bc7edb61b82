// Softmax along rows.
#ifndef DC_SOFTMAX_F32_H
#define DC_SOFTMAX_F32_H

#include "dc_math_f32.h"

/// e = exp(x - the row's largest), y = e / sum. Of the sum there are sixteen parts, column c going to part c % 16 in
/// order, that are added in halves. y may be x.
DC_FUNCTION void dc_softmax_f32(int32_t rows, int32_t columns, const float *x, float *y) {
  for (int32_t r = 0; r < rows; r++, x += columns, y += columns) {
    float largest = dc_negative(dc_infinity()), sums[16] = {0};
    for (int32_t c = 0; c < columns; c++) largest = dc_max(x[c], largest);
    for (int32_t c = 0; c < columns; c++) {
      y[c] = dc_exp(dc_minus(x[c], largest));
      sums[c % 16] = dc_plus(sums[c % 16], y[c]);
    }
    for (int32_t half = 8; half > 0; half /= 2)
      for (int32_t i = 0; i < half; i++) sums[i] = dc_plus(sums[i], sums[i + half]);
    for (int32_t c = 0; c < columns; c++) y[c] = dc_quotient(y[c], sums[0]);
  }
}

#endif
