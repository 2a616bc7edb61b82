// Element-wise and pooling operators in blocks of 64 bytes.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "common/compile.h"
#include "lookup/lut_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX512)

#include "interleave_s8__x86.h"
#include "requantize/requantize__avx512.h"

enum { WIDTH = 64 };
typedef __m512 vector_f;
typedef __m512i bytes;
typedef requantize_512 requantizer;
typedef struct {
  __m512i v[4];
} sums;

static inline vector_f splat(float f) { return _mm512_set1_ps(f); }
static inline vector_f mul_f(vector_f a, vector_f b) { return _mm512_mul_ps(a, b); }
static inline vector_f add_f(vector_f a, vector_f b) { return _mm512_add_ps(a, b); }
static inline vector_f div_f(vector_f a, vector_f b) { return _mm512_div_ps(a, b); }
static inline vector_f load_floats(const float *x) { return _mm512_loadu_ps(x); }
static inline void store_floats(vector_f x, float *y) { _mm512_storeu_ps(y, x); }

static inline vector_f zero_nan(vector_f x) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), x);
}

static inline __m512i widen(const int8_t *x) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)x));
}

static inline void load_block(const int8_t *x, int32_t z, vector_f v[4]) {
  __m512i zero_point = _mm512_set1_epi32(z);
  for (size_t i = 0; i < 4; i++) v[i] = _mm512_cvtepi32_ps(_mm512_sub_epi32(widen(x + i * 16), zero_point));
}

static inline requantizer make_requantizer(int32_t zero_point, int32_t lo, int32_t hi) {
  return requantize_512_make(zero_point, lo, hi);
}

static inline bytes load_bytes(const int8_t *x) { return _mm512_loadu_si512(x); }
static inline bytes max_bytes(bytes a, bytes b) { return _mm512_max_epi8(a, b); }
static inline bytes splat_bytes(int8_t x) { return _mm512_set1_epi8(x); }

static inline void store_bytes(bytes b, int8_t *y, size_t n) {
  if (n == WIDTH)
    _mm512_storeu_si512(y, b);
  else
    _mm512_mask_storeu_epi8(y, (__mmask64)((1ull << n) - 1), b);
}

static inline void store_block(const vector_f v[4], requantizer r, int8_t *y, size_t n) {
  __m512i narrow = requantize_512_narrow(requantize_512_round_any(v[0], r), requantize_512_round_any(v[1], r),
                                         requantize_512_round_any(v[2], r), requantize_512_round_any(v[3], r), r);
  __m512i in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  store_bytes(_mm512_permutexvar_epi32(in_order, narrow), y, n);
}

static inline sums zero_sums(void) {
  sums s = {{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()}};
  return s;
}

static inline sums add_to_sums(sums s, const int8_t *x) {
  for (size_t i = 0; i < 4; i++) s.v[i] = _mm512_add_epi32(s.v[i], widen(x + i * 16));
  return s;
}

static inline void sums_block(sums s, int32_t offset, vector_f v[4]) {
  for (size_t i = 0; i < 4; i++) v[i] = _mm512_cvtepi32_ps(_mm512_sub_epi32(s.v[i], _mm512_set1_epi32(offset)));
}

#include "ops_s8.h"

OPS_DEFINE_SET(ck_int8_ops__avx512, "ops_s8__avx512", ck_lut_s8__avx512);
OPS_DEFINE_SET(ck_int8_ops__avx512vbmi, "ops_s8__avx512vbmi", ck_lut_s8__avx512vbmi);

END_COMPILE_FOR
#endif
