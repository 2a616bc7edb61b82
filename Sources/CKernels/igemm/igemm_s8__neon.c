// Tiles of 4-lane vectors with the baseline's widening multiplications. Two products of a byte in [-128, 127] and
// weights of which at most one is -128 fit int16, so two steps of 2 bytes are added up there (smull, smlal) before
// neighbours are added to the accumulators (sadalp): 3 instructions for 16 products. 8 bytes of a row are loaded at
// once, and spread step by step: four steps of a tile of 4 rows x 16 columns make 512 products in 96 such instructions,
// from 12 loads, with 16 of spreading.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "igemm_s8.h"

#pragma STDC FP_CONTRACT OFF

enum { STEP = 2 };

// A step's weights, 2 bytes for each column; two vectors in a register, an odd last one in half of one.
ALWAYS void load_weights(size_t vectors, const int8_t *weights, int8x16_t w[IGEMM_MAX_VECTORS / 2]) {
  UNROLL for (size_t v = 0; v < vectors; v += 2)
    w[v / 2] = v + 1 < vectors ? vld1q_s8(weights + v * 8) : vcombine_s8(vld1_s8(weights + v * 8), vdup_n_s8(0));
}

// A step of a row, 2 bytes, 8 times.
ALWAYS int8x16_t load_step(const int8_t *row, size_t step) {
  int16_t two;
  memcpy(&two, row + step * STEP, sizeof two);
  return vreinterpretq_s8_s16(vdupq_n_s16(two));
}
// The same of 4 steps in a register. A lane has to be spelled as a constant.
#define STEP_OF(x, lane) vreinterpretq_s8_s16(vdupq_lane_s16(x, lane))

// Products with the weights of vector `v`, alone or added to others.
ALWAYS int16x8_t multiply(size_t v, int8x16_t x, const int8x16_t *w) {
  return v % 2 ? vmull_high_s8(x, w[v / 2]) : vmull_s8(vget_low_s8(x), vget_low_s8(w[v / 2]));
}
ALWAYS int16x8_t multiply_add(int16x8_t sum, size_t v, int8x16_t x, const int8x16_t *w) {
  return v % 2 ? vmlal_high_s8(sum, x, w[v / 2]) : vmlal_s8(sum, vget_low_s8(x), vget_low_s8(w[v / 2]));
}

// Adds two steps to a row of accumulators.
ALWAYS void add_two(size_t vectors, int8x16_t x0, int8x16_t x1, const int8x16_t *w0, const int8x16_t *w1,
                    int32x4_t *acc) {
  int16x8_t sum[IGEMM_MAX_VECTORS];
  UNROLL for (size_t v = 0; v < vectors; v++) sum[v] = multiply(v, x0, w0);
  UNROLL for (size_t v = 0; v < vectors; v++) sum[v] = multiply_add(sum[v], v, x1, w1);
  UNROLL for (size_t v = 0; v < vectors; v++) acc[v] = vpadalq_s16(acc[v], sum[v]);
}

ALWAYS void accumulate(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                       const int8_t *weights, int32x4_t (*acc)[IGEMM_MAX_VECTORS]) {
  for (size_t tap = 0; tap < taps; tap++, pointers += rows) {
    int8x16_t w0[IGEMM_MAX_VECTORS / 2], w1[IGEMM_MAX_VECTORS / 2];
    size_t step = 0;
    for (; step + 4 <= steps; step += 4) {
      int16x4_t x[IGEMM_MAX_ROWS];
      UNROLL for (size_t r = 0; r < rows; r++) x[r] = vreinterpret_s16_s8(vld1_s8(pointers[r] + step * STEP));
      UNROLL for (size_t half = 0; half < 2; half++, weights += vectors * 16) {
        load_weights(vectors, weights, w0);
        load_weights(vectors, weights + vectors * 8, w1);
        UNROLL for (size_t r = 0; r < rows; r++) {
          if (half == 0)
            add_two(vectors, STEP_OF(x[r], 0), STEP_OF(x[r], 1), w0, w1, acc[r]);
          else
            add_two(vectors, STEP_OF(x[r], 2), STEP_OF(x[r], 3), w0, w1, acc[r]);
          // Keeps the compiler from beginning the next row before: there are no registers for the sums of both.
          UNROLL for (size_t v = 0; v < vectors; v++)
            if (r + 1 < rows) __asm__("" : "+w"(x[r + 1]), "+w"(acc[r][v]));
        }
      }
    }
    if (step + 2 <= steps) {
      load_weights(vectors, weights, w0);
      load_weights(vectors, weights + vectors * 8, w1);
      UNROLL for (size_t r = 0; r < rows; r++)
        add_two(vectors, load_step(pointers[r], step), load_step(pointers[r], step + 1), w0, w1, acc[r]);
      step += 2;
      weights += vectors * 16;
    }
    if (step == steps) continue;
    load_weights(vectors, weights, w0);
    weights += vectors * 8;
    UNROLL for (size_t r = 0; r < rows; r++) {
      int8x16_t x = load_step(pointers[r], step);
      UNROLL for (size_t v = 0; v < vectors; v++) acc[r][v] = vpadalq_s16(acc[r][v], multiply(v, x, w0));
    }
  }
}

#define ROWS3 5
#define ROWS4 4
#include "igemm_s8__128.h"

IGEMM_DEFINE_KERNEL(ck_igemm_s8__neon, "igemm_s8__neon", NEEDS_NEON, blocking);
#endif
