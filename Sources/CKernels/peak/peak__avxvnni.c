// AVX-VNNI: four products of bytes for each of eight sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "peak.h"

COMPILE_FOR(AVXVNNI)

static uint64_t run_s8(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  __m256i sums[CK_PEAK_SUMS], one = _mm256_set1_epi8(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = _mm256_setzero_si256();
  CK_PEAK_LOOP("+x", _mm256_dpbusd_avx_epi32(sums[i], one, one))
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) {
    uint32_t lanes[8];
    _mm256_storeu_si256((__m256i *)(void *)lanes, sums[i]);
    for (int lane = 0; lane < 8; lane++) total += lanes[lane];
  }
  return total;
}

const ck_peak ck_peak_s8__avxvnni = {"peak_s8__avxvnni", NEEDS_AVXVNNI, run_s8};

END_COMPILE_FOR
#endif
