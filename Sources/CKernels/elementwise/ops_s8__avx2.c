// Element-wise and pooling operators in blocks of 32 bytes.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "common/compile.h"
#include "lookup/lut_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX2)

#include "interleave_s8__x86.h"
#include "requantize/requantize__avx2.h"

enum { WIDTH = 32 };
typedef __m256 vector_f;
typedef __m256i bytes;
typedef requantize_256 requantizer;
typedef struct {
  __m256i v[4];
} sums;

static inline vector_f splat(float f) { return _mm256_set1_ps(f); }
static inline vector_f mul_f(vector_f a, vector_f b) { return _mm256_mul_ps(a, b); }
static inline vector_f add_f(vector_f a, vector_f b) { return _mm256_add_ps(a, b); }
static inline vector_f div_f(vector_f a, vector_f b) { return _mm256_div_ps(a, b); }
static inline vector_f load_floats(const float *x) { return _mm256_loadu_ps(x); }
static inline void store_floats(vector_f x, float *y) { _mm256_storeu_ps(y, x); }
static inline vector_f zero_nan(vector_f x) { return _mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q)); }

static inline __m256i widen(const int8_t *x) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)x));
}

static inline void load_block(const int8_t *x, int32_t z, vector_f v[4]) {
  __m256i zero_point = _mm256_set1_epi32(z);
  for (size_t i = 0; i < 4; i++) v[i] = _mm256_cvtepi32_ps(_mm256_sub_epi32(widen(x + i * 8), zero_point));
}

static inline requantizer make_requantizer(int32_t zero_point, int32_t lo, int32_t hi) {
  return requantize_256_make(zero_point, lo, hi);
}

static inline bytes load_bytes(const int8_t *x) { return _mm256_loadu_si256((const __m256i *)x); }
static inline bytes max_bytes(bytes a, bytes b) { return _mm256_max_epi8(a, b); }
static inline bytes splat_bytes(int8_t x) { return _mm256_set1_epi8(x); }

static inline void store_bytes(bytes b, int8_t *y, size_t n) {
  if (n == WIDTH) {
    _mm256_storeu_si256((__m256i *)y, b);
    return;
  }
  int8_t tail[WIDTH];
  _mm256_storeu_si256((__m256i *)tail, b);
  memcpy(y, tail, n);
}

static inline void store_block(const vector_f v[4], requantizer r, int8_t *y, size_t n) {
  __m256i narrow = requantize_256_narrow(requantize_256_round_any(v[0], r), requantize_256_round_any(v[1], r),
                                         requantize_256_round_any(v[2], r), requantize_256_round_any(v[3], r), r);
  __m256i in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  store_bytes(_mm256_permutevar8x32_epi32(narrow, in_order), y, n);
}

static inline sums zero_sums(void) {
  sums s = {{_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()}};
  return s;
}

static inline sums add_to_sums(sums s, const int8_t *x) {
  for (size_t i = 0; i < 4; i++) s.v[i] = _mm256_add_epi32(s.v[i], widen(x + i * 8));
  return s;
}

static inline void sums_block(sums s, int32_t offset, vector_f v[4]) {
  for (size_t i = 0; i < 4; i++) v[i] = _mm256_cvtepi32_ps(_mm256_sub_epi32(s.v[i], _mm256_set1_epi32(offset)));
}

#include "ops_s8.h"

OPS_DEFINE_SET(ck_int8_ops__avx2, "ops_s8__avx2", ck_lut_s8__avx2);

END_COMPILE_FOR
#endif
