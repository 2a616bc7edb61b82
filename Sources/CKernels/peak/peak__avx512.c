// AVX-512: fused multiply-adds in float32.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "peak.h"

COMPILE_FOR(AVX512)

static uint64_t run_f32(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  __m512 sums[CK_PEAK_SUMS], one = _mm512_set1_ps(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = _mm512_setzero_ps();
  CK_PEAK_LOOP("+v", _mm512_fmadd_ps(one, one, sums[i]))
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) {
    float lanes[16];
    _mm512_storeu_ps(lanes, sums[i]);
    for (int lane = 0; lane < 16; lane++) total += (uint64_t)lanes[lane];
  }
  return total;
}

const ck_peak ck_peak_f32__avx512 = {"peak_f32__avx512", NEEDS_AVX512, run_f32};

END_COMPILE_FOR
#endif
