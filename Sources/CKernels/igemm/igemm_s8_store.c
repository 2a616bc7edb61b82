// Implicit-GEMM convolution: results of a tile that vectors do not write.
#include "igemm_s8_isa.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF

void igemm_store_each(const igemm_isa *isa, size_t vectors, size_t rows, const int32_t *acc, const void *block,
                      const igemm_output *out) {
  const float *multiplier = igemm_multiplier(block, vectors * isa->lanes);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < vectors * isa->lanes; i++, acc++) {
      size_t column = igemm_column(vectors, i / isa->lanes, i % isa->lanes);
      if (column >= out->columns) continue;
      float t = (float)*acc * multiplier[i];
      if (out->f32)
        out->f32[r * out->stride + column] = t;
      else
        out->s8[r * out->stride + column] = ck_round_clamp(t, out->zero_point, out->lo, out->hi);
    }
}
