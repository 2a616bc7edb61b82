// Tiles of 4-lane vectors with the baseline's widening multiplications. Two products of a byte in [-128, 127] and
// weights of which at most one is -128 fit int16, so two steps of 2 bytes are added up there (smull, smlal) before
// neighbours are added to the accumulators (sadalp). A tile of 4 rows x 16 columns makes 256 products in 48 such
// instructions, from 8 loads of weights and 8 of rows.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "igemm_s8.h"

#pragma STDC FP_CONTRACT OFF

enum { STEP = 2 };

// 2 bytes for each of a vector's 4 columns.
ALWAYS void load_weights(size_t vectors, const int8_t *weights, int8x8_t w[IGEMM_MAX_VECTORS]) {
  UNROLL for (size_t v = 0; v < vectors; v++) w[v] = vld1_s8(weights + v * 8);
}

// 2 bytes of a row, 4 times.
ALWAYS int8x8_t load_row(const int8_t *row, size_t step) {
  int16_t two;
  memcpy(&two, row + step * STEP, sizeof two);
  return vreinterpret_s8_s16(vdup_n_s16(two));
}

ALWAYS void accumulate(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                       const int8_t *weights, int32x4_t (*acc)[IGEMM_MAX_VECTORS]) {
  for (size_t tap = 0; tap < taps; tap++, pointers += rows) {
    int8x8_t w0[IGEMM_MAX_VECTORS], w1[IGEMM_MAX_VECTORS];
    size_t step = 0;
    for (; step + 2 <= steps; step += 2, weights += vectors * 16) {
      load_weights(vectors, weights, w0);
      load_weights(vectors, weights + vectors * 8, w1);
      UNROLL for (size_t r = 0; r < rows; r++) {
        int8x8_t x0 = load_row(pointers[r], step), x1 = load_row(pointers[r], step + 1);
        UNROLL for (size_t v = 0; v < vectors; v++)
          acc[r][v] = vpadalq_s16(acc[r][v], vmlal_s8(vmull_s8(x0, w0[v]), x1, w1[v]));
      }
    }
    if (step == steps) continue;
    load_weights(vectors, weights, w0);
    weights += vectors * 8;
    UNROLL for (size_t r = 0; r < rows; r++) {
      int8x8_t x = load_row(pointers[r], step);
      UNROLL for (size_t v = 0; v < vectors; v++) acc[r][v] = vpadalq_s16(acc[r][v], vmull_s8(x, w0[v]));
    }
  }
}

#define ROWS3 5
#define ROWS4 4
#include "igemm_s8__128.h"

IGEMM_DEFINE_KERNEL(ck_igemm_s8__neon, "igemm_s8__neon", NEEDS_NEON, blocking);
#endif
