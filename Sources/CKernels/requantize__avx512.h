// Requantization in AVX-512 registers; included between target attributes with F, BW, DQ and VL.
#pragma once
#include <immintrin.h>

#include "ck_int8.h"

typedef struct {
  __m512 bound;                    // hi - zero_point
  __m512i zero_point, lower, upper;  // int16, int8, int8
} requantize_512;

static inline requantize_512 requantize_512_make(int32_t zero_point, int32_t lo, int32_t hi) {
  requantize_512 r = {_mm512_set1_ps((float)(hi - zero_point)), _mm512_set1_epi16((short)zero_point),
                      _mm512_set1_epi8((char)lo), _mm512_set1_epi8((char)hi)};
  return r;
}

/// Rounds scaled values, those beyond the upper bound brought to it first: for any value at all.
///
/// It equals ck_round_clamp: rounding is monotonic and leaves integers alone, so each bound may be applied before or
/// after it. The upper bound comes before, which also gives hi for NaN (minps returns its second operand) and keeps
/// large values from the conversion's overflow result, INT32_MIN. That result then only stands for values below -2^31;
/// the saturating narrowing and addition that follow keep it below every lower bound, which is applied last.
static inline __m512i requantize_512_round_any(__m512 scaled, requantize_512 r) {
  return _mm512_cvtps_epi32(_mm512_min_ps(scaled, r.bound));
}

/// The same for values known to be within int32. Saturation in requantize_512_narrow keeps those beyond int16 beyond
/// int8, and the bounds are applied there.
static inline __m512i requantize_512_round(__m512 scaled) { return _mm512_cvtps_epi32(scaled); }

/// Narrows four rounded vectors: 128-bit group i of the result is group i of a, b, c and d.
static inline __m512i requantize_512_narrow(__m512i a, __m512i b, __m512i c, __m512i d, requantize_512 r) {
  __m512i ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), r.zero_point);
  __m512i cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), r.zero_point);
  return _mm512_max_epi8(_mm512_min_epi8(_mm512_packs_epi16(ab, cd), r.upper), r.lower);
}
