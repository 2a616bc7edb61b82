// Tiles of 8-lane vectors with dpbusd; activations are made unsigned as in igemm_s8__avx512vnni.c.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "igemm_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVXVNNI)

ALWAYS void accumulate(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                       const int8_t *weights, __m256i (*acc)[2]) {
  const __m256i flip = _mm256_set1_epi8((char)0x80);
  for (size_t tap = 0; tap < taps; tap++, pointers += rows)
    for (size_t step = 0; step < steps; step++, weights += vectors * 32) {
      __m256i w[2];
      UNROLL for (size_t v = 0; v < vectors; v++)
        w[v] = _mm256_loadu_si256((const __m256i *)(const void *)(weights + v * 32));
      UNROLL for (size_t r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, pointers[r] + step * IGEMM_STEP, sizeof four);
        __m256i u = _mm256_xor_si256(_mm256_set1_epi32(four), flip);
        UNROLL for (size_t v = 0; v < vectors; v++) acc[r][v] = _mm256_dpbusd_avx_epi32(acc[r][v], u, w[v]);
      }
    }
}

#include "igemm_s8__256.h"

static const igemm_isa blocking = {
    .lanes = 8,
    .step = IGEMM_STEP,
    .vectors = 2,
    .rows = {0, NARROW_ROWS, WIDE_ROWS},
    .input_offset = 128,
    .weight_size = 1,
    .tiles = tiles,
    .look_up = ck_lut_rows_s8__avx2,
};

IGEMM_DEFINE_KERNEL(ck_igemm_s8__avxvnni, "igemm_s8__avxvnni", NEEDS_AVXVNNI, blocking);

END_COMPILE_FOR
#endif
