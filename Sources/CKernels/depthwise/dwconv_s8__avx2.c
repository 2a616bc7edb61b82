// Depthwise blocks of 32 channels: 2 rows widened to int16 and interleaved, one madd for 2 kernel rows of 8 channels.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "dwconv_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX2)

ALWAYS __m256i dot(__m256i acc, __m256i x, __m256i w) { return _mm256_add_epi32(acc, _mm256_madd_epi16(x, w)); }

// Each half of 16 channels is unpacked within 128-bit groups: 8 * group + 4 * (vector of the half) + element.
static size_t channel(size_t lane) {
  size_t vector = lane / 8, i = lane % 8;
  return 16 * (vector / 2) + 8 * (i / 4) + 4 * (vector % 2) + i % 4;
}

ALWAYS __m256i in_order(__m256i narrow) { return _mm256_permute4x64_epi64(narrow, 0xd8); }

#include "dwconv_s8__256.h"

static void interleave(const int8_t *const *rows, const size_t *steps, size_t columns, char *x, size_t x_step) {
  for (size_t i = 0; i < columns; i++, x += x_step) {
    const int8_t *r0 = rows[0] + i * steps[0], *r1 = rows[1] + i * steps[1];
    for (size_t half = 0; half < 2; half++) {
      __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(r0 + half * 16)));
      __m256i b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(r1 + half * 16)));
      _mm256_storeu_si256((__m256i *)(void *)(x + half * 64), _mm256_unpacklo_epi16(a, b));
      _mm256_storeu_si256((__m256i *)(void *)(x + half * 64 + 32), _mm256_unpackhi_epi16(a, b));
    }
  }
}

static const dwconv_isa set = {
    .width = VECTORS * 8,
    .slots = 2,
    .input_offset = 0,
    .interleave = interleave,
    .row = row,
    .look_up = ck_lut_rows_s8__avx2,
    .channel = channel,
};

DWCONV_DEFINE_KERNEL(ck_dwconv_s8__avx2, "dwconv_s8__avx2", NEEDS_AVX2, set);

END_COMPILE_FOR
#endif
