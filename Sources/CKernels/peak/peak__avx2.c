// AVX2: fused multiply-adds in float32; in int8 products of pairs of int16 (madd) and an addition, since the
// multiplication of bytes that AVX2 has (maddubs) saturates. Widening to int16 is shared by many products and left out.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "peak.h"

COMPILE_FOR(AVX2)

static uint64_t run_f32(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  __m256 sums[CK_PEAK_SUMS], one = _mm256_set1_ps(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = _mm256_setzero_ps();
  CK_PEAK_LOOP("+x", _mm256_fmadd_ps(one, one, sums[i]))
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) {
    float lanes[8];
    _mm256_storeu_ps(lanes, sums[i]);
    for (int lane = 0; lane < 8; lane++) total += (uint64_t)lanes[lane];
  }
  return total;
}

static uint64_t run_s8(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  __m256i sums[CK_PEAK_SUMS], one = _mm256_set1_epi16(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = _mm256_setzero_si256();
  CK_PEAK_LOOP("+x", _mm256_add_epi32(sums[i], _mm256_madd_epi16(one, one)))
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) {
    uint32_t lanes[8];
    _mm256_storeu_si256((__m256i *)(void *)lanes, sums[i]);
    for (int lane = 0; lane < 8; lane++) total += lanes[lane];
  }
  return total;
}

const ck_peak ck_peak_f32__avx2 = {"peak_f32__avx2", NEEDS_AVX2, run_f32};
const ck_peak ck_peak_s8__avx2 = {"peak_s8__avx2", NEEDS_AVX2, run_s8};

END_COMPILE_FOR
#endif
