// Requantization in AVX-512 registers; included within COMPILE_FOR(AVX512) or more.
#pragma once
#include <immintrin.h>

#include "ck_int8.h"

typedef struct {
  __m512 bound;                    // hi - zero_point
  __m512i zero_point, lower, upper;  // int16, int8, int8
  int is_bounded;                    // by more than int8
} requantize_512;

static inline requantize_512 requantize_512_make(int32_t zero_point, int32_t lo, int32_t hi) {
  requantize_512 r = {_mm512_set1_ps((float)(hi - zero_point)), _mm512_set1_epi16((short)zero_point),
                      _mm512_set1_epi8((char)lo), _mm512_set1_epi8((char)hi), lo > -128 || hi < 127};
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
  __m512i bytes = _mm512_packs_epi16(ab, cd);
  return r.is_bounded ? _mm512_max_epi8(_mm512_min_epi8(bytes, r.upper), r.lower) : bytes;
}

/// Outputs of a layer that ends in ReLU: the zero point is -128 and there are no other bounds than those of int8, so
/// accumulators below 0 all give -128. The others are converted to float32 without an instruction: 2^23, as float32, is
/// added to them with the bias, and the sum is the bits of that number plus the accumulator. One multiply-add takes
/// 2^23 * m off again, which is exact, and rounds once, as the product alone would be rounded. Where the accumulator is
/// negative, some number below 2^23 is read, so that the result is not above 0.
enum { REQUANTIZE_512_FLOOR = 0x4b000000 };

/// What takes 2^23 off a scaled sum.
static inline __m512 requantize_512_floor_offset(__m512 multiplier) {
  return _mm512_mul_ps(multiplier, _mm512_set1_ps(-8388608.0f));
}

/// Rounds sums that include REQUANTIZE_512_FLOOR, where ck_can_floor.
static inline __m512i requantize_512_round_floored(__m512i sums, __m512 multiplier, __m512 offset) {
  return _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_castsi512_ps(sums), multiplier, offset));
}

/// Narrows as requantize_512_narrow does.
static inline __m512i requantize_512_narrow_floored(__m512i a, __m512i b, __m512i c, __m512i d) {
  __m512i bytes = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
  return _mm512_xor_si512(bytes, _mm512_set1_epi8((char)0x80));
}
