// Depthwise blocks of 32 channels: dwconv_s8__avx512vnni.c in vectors of half the width.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "dwconv_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVXVNNI)

ALWAYS __m256i dot(__m256i acc, __m256i x, __m256i w) { return _mm256_dpbusd_avx_epi32(acc, x, w); }

// Unpacking twice within 128-bit groups leaves channels 16 * group + 4 * vector + element.
static size_t channel(size_t lane) {
  size_t vector = lane / 8, i = lane % 8;
  return 16 * (i / 4) + 4 * vector + i % 4;
}

// Narrowing undoes the unpacking.
ALWAYS __m256i in_order(__m256i narrow) { return narrow; }

#include "dwconv_s8__256.h"

static void interleave(const int8_t *const *rows, const size_t *steps, size_t columns, char *x, size_t x_step) {
  const __m256i flip = _mm256_set1_epi8((char)0x80);
  for (size_t i = 0; i < columns; i++, x += x_step) {
    __m256i a = _mm256_xor_si256(load(rows[0] + i * steps[0]), flip);
    __m256i b = _mm256_xor_si256(load(rows[1] + i * steps[1]), flip);
    __m256i c = _mm256_xor_si256(load(rows[2] + i * steps[2]), flip);
    __m256i d = _mm256_xor_si256(load(rows[3] + i * steps[3]), flip);
    __m256i ab_lo = _mm256_unpacklo_epi8(a, b), ab_hi = _mm256_unpackhi_epi8(a, b);
    __m256i cd_lo = _mm256_unpacklo_epi8(c, d), cd_hi = _mm256_unpackhi_epi8(c, d);
    _mm256_storeu_si256((__m256i *)(void *)x, _mm256_unpacklo_epi16(ab_lo, cd_lo));
    _mm256_storeu_si256((__m256i *)(void *)(x + 32), _mm256_unpackhi_epi16(ab_lo, cd_lo));
    _mm256_storeu_si256((__m256i *)(void *)(x + 64), _mm256_unpacklo_epi16(ab_hi, cd_hi));
    _mm256_storeu_si256((__m256i *)(void *)(x + 96), _mm256_unpackhi_epi16(ab_hi, cd_hi));
  }
}

static const dwconv_isa set = {
    .width = VECTORS * 8,
    .slots = 4,
    .input_offset = 128,
    .interleave = interleave,
    .row = row,
    .look_up = ck_lut_rows_s8__avx2,
    .channel = channel,
};

DWCONV_DEFINE_KERNEL(ck_dwconv_s8__avxvnni, "dwconv_s8__avxvnni", NEEDS_AVXVNNI, set);

END_COMPILE_FOR
#endif
