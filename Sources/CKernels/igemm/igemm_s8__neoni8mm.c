// Tiles of 4-lane vectors with smmla: 8 bytes of 2 rows times 8 bytes of 2 columns, which adds to 2 x 2 accumulators. A
// tile of 6 rows x 16 columns makes 24 of these products from 14 loads.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "igemm_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(NEON_I8MM)

enum { STEP = 8 };

// Low or high halves of both.
ALWAYS int32x4_t low_halves(int32x4_t a, int32x4_t b) {
  return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}
ALWAYS int32x4_t high_halves(int32x4_t a, int32x4_t b) {
  return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

ALWAYS void accumulate(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                       const int8_t *weights, int32x4_t (*acc)[IGEMM_MAX_VECTORS]) {
  // [pair of rows][pair of columns]; an odd last row is a pair with itself.
  int32x4_t square[IGEMM_MAX_ROWS / 2][IGEMM_MAX_VECTORS * 2];
  const size_t pairs = (rows + 1) / 2, last = rows - 1;
  UNROLL for (size_t p = 0; p < pairs; p++)
    UNROLL for (size_t v = 0; v < vectors; v++) {
      int32x4_t upper = acc[2 * p][v], lower = acc[ck_min(2 * p + 1, last)][v];
      square[p][2 * v] = low_halves(upper, lower);
      square[p][2 * v + 1] = high_halves(upper, lower);
    }
  for (size_t tap = 0; tap < taps; tap++, pointers += rows)
    for (size_t step = 0; step < steps; step++) {
      int8x16_t x[IGEMM_MAX_ROWS / 2];
      UNROLL for (size_t p = 0; p < pairs; p++)
        x[p] = vcombine_s8(vld1_s8(pointers[2 * p] + step * STEP),
                           vld1_s8(pointers[ck_min(2 * p + 1, last)] + step * STEP));
      UNROLL for (size_t c = 0; c < 2 * vectors; c++, weights += 2 * STEP) {
        int8x16_t w = vld1q_s8(weights);
        UNROLL for (size_t p = 0; p < pairs; p++) square[p][c] = vmmlaq_s32(square[p][c], x[p], w);
      }
    }
  UNROLL for (size_t r = 0; r < rows; r++)
    UNROLL for (size_t v = 0; v < vectors; v++) {
      int32x4_t left = square[r / 2][2 * v], right = square[r / 2][2 * v + 1];
      acc[r][v] = r % 2 == 0 ? low_halves(left, right) : high_halves(left, right);
    }
}

#define ROWS3 8
#define ROWS4 6
#include "igemm_s8__128.h"

IGEMM_DEFINE_KERNEL(ck_igemm_s8__neoni8mm, "igemm_s8__neoni8mm", NEEDS_NEON_I8MM, blocking);

END_COMPILE_FOR
#endif
