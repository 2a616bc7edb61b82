// Tiles of 4-lane vectors with sdot, which takes signed bytes as they are. 16 bytes of a row are loaded at once, and
// its dot products pick theirs by lane: a tile of 6 rows x 16 columns makes 96 dot products from 22 loads.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "igemm_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(NEON_DOT)

// One step: 4 bytes of each row, in lane `lane` of x, times all columns. A lane has to be spelled as a constant.
#define DOT_STEP(lane)                                                                            \
  UNROLL for (size_t v = 0; v < vectors; v++, weights += 16) {                                    \
    int8x16_t w = vld1q_s8(weights);                                                              \
    UNROLL for (size_t r = 0; r < rows; r++) acc[r][v] = vdotq_laneq_s32(acc[r][v], w, x[r], lane); \
  }

ALWAYS void accumulate(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                       const int8_t *weights, int32x4_t (*acc)[IGEMM_MAX_VECTORS]) {
  for (size_t tap = 0; tap < taps; tap++, pointers += rows) {
    int8x16_t x[IGEMM_MAX_ROWS];
    size_t step = 0;
    for (; step + 4 <= steps; step += 4) {
      UNROLL for (size_t r = 0; r < rows; r++) x[r] = vld1q_s8(pointers[r] + step * IGEMM_STEP);
      DOT_STEP(0)
      DOT_STEP(1)
      DOT_STEP(2)
      DOT_STEP(3)
    }
    for (; step < steps; step++) {
      UNROLL for (size_t r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, pointers[r] + step * IGEMM_STEP, sizeof four);
        x[r] = vreinterpretq_s8_s32(vdupq_n_s32(four));
      }
      DOT_STEP(0)
    }
  }
}

#define STEP IGEMM_STEP
#define ROWS3 7
#define ROWS4 6
#include "igemm_s8__128.h"

IGEMM_DEFINE_KERNEL(ck_igemm_s8__neondot, "igemm_s8__neondot", NEEDS_NEON_DOT, blocking);

END_COMPILE_FOR
#endif
