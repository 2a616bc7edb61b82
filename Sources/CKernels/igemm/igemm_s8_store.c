// Implicit-GEMM convolution: results of a tile that vectors do not write.
#include "igemm_s8_isa.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF

// Lanes whose columns follow each other, whatever the instruction set.
enum { LANES_TOGETHER = 4 };

// Four at a time, which any compiler makes a vector of: float outputs are large where softmaxes and normalisations
// follow layers.
static void store_floats(const igemm_isa *isa, size_t vectors, size_t rows, const int32_t *acc,
                         const float *multiplier, const igemm_output *out) {
  size_t width = vectors * isa->lanes;
  for (size_t r = 0; r < rows; r++, acc += width) {
    float *y = out->f32 + r * out->stride;
    for (size_t i = 0; i < width; i += LANES_TOGETHER) {
      float t[LANES_TOGETHER];
      for (size_t k = 0; k < LANES_TOGETHER; k++) t[k] = (float)acc[i + k] * multiplier[i + k];
      size_t column = igemm_column(vectors, i / isa->lanes, i % isa->lanes);
      if (column + LANES_TOGETHER <= out->columns)
        memcpy(y + column, t, sizeof t);
      else
        for (size_t k = 0; column + k < out->columns; k++) y[column + k] = t[k];
    }
  }
}

void igemm_store_each(const igemm_isa *isa, size_t vectors, size_t rows, const int32_t *acc, const void *block,
                      const igemm_output *out) {
  const float *multiplier = igemm_multiplier(block, vectors * isa->lanes);
  if (out->f32) {
    store_floats(isa, vectors, rows, acc, multiplier, out);
    return;
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < vectors * isa->lanes; i++, acc++) {
      size_t column = igemm_column(vectors, i / isa->lanes, i % isa->lanes);
      if (column >= out->columns) continue;
      out->s8[r * out->stride + column] =
          ck_round_clamp((float)*acc * multiplier[i], out->zero_point, out->lo, out->hi);
    }
}
