// AVX-512-VNNI: four products of bytes for each of sixteen sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "peak.h"

COMPILE_FOR(AVX512VNNI)

static uint64_t run_s8(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  __m512i sums[CK_PEAK_SUMS], one = _mm512_set1_epi8(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = _mm512_setzero_si512();
  CK_PEAK_LOOP("+v", _mm512_dpbusd_epi32(sums[i], one, one))
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) {
    uint32_t lanes[16];
    _mm512_storeu_si512(lanes, sums[i]);
    for (int lane = 0; lane < 16; lane++) total += lanes[lane];
  }
  return total;
}

const ck_peak ck_peak_s8__avx512vnni = {"peak_s8__avx512vnni", NEEDS_AVX512VNNI, run_s8};

END_COMPILE_FOR
#endif
