// SHA-256 with the x86 SHA instructions: sha256rnds2 does two rounds on the state held as ABEF and CDGH,
// sha256msg1 and sha256msg2 the message schedule four words at a time.
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>

#include "blocks.h"

static int is_there;

static void detect(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return;
  if (!((c >> 9) & 1) || !((c >> 19) & 1)) return;  // SSSE3, SSE4.1
  is_there = __get_cpuid_count(7, 0, &a, &b, &c, &d) && ((b >> 29) & 1);
}

int csha256_has_shani(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, detect);
  return is_there;
}

#pragma clang attribute push(__attribute__((target("sha,sse4.1"))), apply_to = function)

void csha256_blocks__shani(uint32_t state[8], const uint8_t *block, size_t count) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i dcba = _mm_loadu_si128((const __m128i *)state), hgfe = _mm_loadu_si128((const __m128i *)(state + 4));
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; count > 0; count--, block += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];  // the last sixteen words of the schedule, four to a vector
    for (int i = 0; i < 4; i++)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), big_endian);
#pragma clang loop unroll(full)
    for (int t = 0; t < 16; t++) {
      const __m128i words = w[t % 4];
      const __m128i sum = _mm_add_epi32(words, _mm_loadu_si128((const __m128i *)(csha256_constants + 4 * t)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (t >= 12) continue;
      // The four words sixteen after these: W[t-16] + s0(W[t-15]) + W[t-7] + s1(W[t-2]).
      const __m128i seven_before = _mm_alignr_epi8(w[(t + 3) % 4], w[(t + 2) % 4], 4);
      const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(words, w[(t + 1) % 4]), seven_before);
      w[t % 4] = _mm_sha256msg2_epu32(partial, w[(t + 3) % 4]);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#pragma clang attribute pop
#endif
