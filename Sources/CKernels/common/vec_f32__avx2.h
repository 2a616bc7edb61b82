// Vectors of eight floats, AVX2 and FMA. See vec_f32__scalar.h for what the names mean.
// Included within COMPILE_FOR(AVX2).
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VF_WIDTH 8

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
// All ones in the first n of eight lanes.
static inline vi vi_first(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
// The first n lanes, n <= VF_WIDTH; nothing beyond them is touched, lanes beyond read as 0.
static inline vf vf_load_first(const float *p, size_t n) { return _mm256_maskload_ps(p, vi_first(n)); }
static inline void vf_store_first(float *p, vf x, size_t n) { _mm256_maskstore_ps(p, vi_first(n), x); }
static inline vf vf_set1(float x) { return _mm256_set1_ps(x); }
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
static inline vf vf_sqrt(vf x) { return _mm256_sqrt_ps(x); }
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf vf_round(vf x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline vf vf_floor(vf x) { return _mm256_floor_ps(x); }
static inline vf vf_ceil(vf x) { return _mm256_ceil_ps(x); }
static inline vm vf_less(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline vm vf_is_nan(vf x) { return _mm256_cmp_ps(x, x, _CMP_UNORD_Q); }
static inline vf vf_select(vm m, vf yes, vf no) { return _mm256_blendv_ps(no, yes, m); }
static inline unsigned vm_count(vm m) { return (unsigned)__builtin_popcount((unsigned)_mm256_movemask_ps(m)); }

static inline vi vi_set1(int32_t x) { return _mm256_set1_epi32(x); }
static inline vi vi_bits(vf x) { return _mm256_castps_si256(x); }
static inline vf vf_bits(vi i) { return _mm256_castsi256_ps(i); }
static inline vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
static inline vi vi_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
static inline vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
static inline vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
static inline vi vi_xor(vi a, vi b) { return _mm256_xor_si256(a, b); }
static inline vi vi_shift_left(vi a, int n) { return _mm256_slli_epi32(a, n); }
static inline vi vi_shift_right(vi a, int n) { return _mm256_srai_epi32(a, n); }
static inline vi vi_from_vf(vf x) { return _mm256_cvttps_epi32(x); }
static inline vf vf_from_vi(vi i) { return _mm256_cvtepi32_ps(i); }
static inline void vi_store(int32_t *p, vi i) { _mm256_storeu_si256((__m256i *)p, i); }
