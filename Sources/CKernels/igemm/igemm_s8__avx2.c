// Tiles of 8-lane vectors with madd: pairs of int16 products, which int32 always holds. The multiplication of bytes
// that AVX2 also has (maddubs) saturates and is of no use here. Rows are widened to int16 once for all blocks of
// columns.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "igemm_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX2)

enum { WIDE_STEP = IGEMM_STEP * 2 };

static void convert(size_t steps, const int8_t *row, void *converted) {
  char *to = converted;
  size_t step = 0;
  for (; step + 4 <= steps; step += 4) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(row + step * IGEMM_STEP));
    _mm256_storeu_si256((__m256i *)(void *)(to + step * WIDE_STEP), _mm256_cvtepi8_epi16(bytes));
  }
  for (; step < steps; step++) {
    int32_t four;
    memcpy(&four, row + step * IGEMM_STEP, sizeof four);
    _mm_storel_epi64((__m128i *)(void *)(to + step * WIDE_STEP), _mm_cvtepi8_epi16(_mm_cvtsi32_si128(four)));
  }
}

ALWAYS void accumulate(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                       const int8_t *weights, __m256i (*acc)[2]) {
  // Rows are converted whole: there is one tap, and two pairs of channels in a step.
  (void)taps;
  for (size_t pair = 0; pair < steps * 2; pair++, weights += vectors * 32) {
    __m256i w[2];
    UNROLL for (size_t v = 0; v < vectors; v++)
      w[v] = _mm256_loadu_si256((const __m256i *)(const void *)(weights + v * 32));
    UNROLL for (size_t r = 0; r < rows; r++) {
      int32_t two;
      memcpy(&two, pointers[r] + pair * sizeof two, sizeof two);
      __m256i x = _mm256_set1_epi32(two);
      UNROLL for (size_t v = 0; v < vectors; v++)
        acc[r][v] = _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(x, w[v]));
    }
  }
}

#include "igemm_s8__256.h"

static const igemm_isa blocking = {
    .lanes = 8,
    .step = IGEMM_STEP,
    .vectors = 2,
    .rows = {0, NARROW_ROWS, WIDE_ROWS},
    .input_offset = 0,
    .weight_size = 2,
    .converted_step = WIDE_STEP,
    .convert = convert,
    .tiles = tiles,
    .look_up = ck_lut_rows_s8__avx2,
};

IGEMM_DEFINE_KERNEL(ck_igemm_s8__avx2, "igemm_s8__avx2", NEEDS_AVX2, blocking);

END_COMPILE_FOR
#endif
