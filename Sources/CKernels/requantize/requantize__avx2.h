// Requantization in AVX2 registers; included within COMPILE_FOR(AVX2) or more. requantize__avx512.h says why it is
// exact.
#pragma once
#include <immintrin.h>

#include "ck_int8.h"

typedef struct {
  __m256 bound;                    // hi - zero_point
  __m256i zero_point, lower, upper;  // int16, int8, int8
} requantize_256;

static inline requantize_256 requantize_256_make(int32_t zero_point, int32_t lo, int32_t hi) {
  requantize_256 r = {_mm256_set1_ps((float)(hi - zero_point)), _mm256_set1_epi16((short)zero_point),
                      _mm256_set1_epi8((char)lo), _mm256_set1_epi8((char)hi)};
  return r;
}

/// Rounds scaled values, those beyond the upper bound brought to it first: for any value at all.
static inline __m256i requantize_256_round_any(__m256 scaled, requantize_256 r) {
  return _mm256_cvtps_epi32(_mm256_min_ps(scaled, r.bound));
}

/// The same for values known to be within int32.
static inline __m256i requantize_256_round(__m256 scaled) { return _mm256_cvtps_epi32(scaled); }

/// Narrows four rounded vectors: 128-bit group i of the result is group i of a, b, c and d.
static inline __m256i requantize_256_narrow(__m256i a, __m256i b, __m256i c, __m256i d, requantize_256 r) {
  __m256i ab = _mm256_adds_epi16(_mm256_packs_epi32(a, b), r.zero_point);
  __m256i cd = _mm256_adds_epi16(_mm256_packs_epi32(c, d), r.zero_point);
  return _mm256_max_epi8(_mm256_min_epi8(_mm256_packs_epi16(ab, cd), r.upper), r.lower);
}
