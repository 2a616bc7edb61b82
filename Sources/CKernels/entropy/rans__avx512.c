// Decoding of rANS, sixteen lanes to a vector: slots are gathered, each of its byte's table, and an expansion hands
// words to the lanes that need one, in the lanes' order.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "rans.h"

COMPILE_FOR(AVX512)

// One byte of each of sixteen lanes; the words end 32 bytes after `next` or later.
ALWAYS __m512i step(__m512i x, const uint32_t *tables, const uint8_t **next, uint8_t *y) {
  const __m512i low = _mm512_set1_epi32(CK_RANS_SLOTS - 1);
  const __m512i first = _mm512_slli_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)y)), CK_RANS_BITS);
  const __m512i entry = _mm512_i32gather_epi32(_mm512_or_si512(first, _mm512_and_si512(x, low)), tables, 4);
  _mm_storeu_si128((__m128i *)y, _mm512_cvtepi32_epi8(entry));
  const __m512i product = _mm512_mullo_epi32(_mm512_srli_epi32(entry, 20), _mm512_srli_epi32(x, CK_RANS_BITS));
  const __m512i after = _mm512_add_epi32(product, _mm512_and_si512(_mm512_srli_epi32(entry, 8), low));
  const __mmask16 takes = _mm512_cmplt_epu32_mask(after, _mm512_set1_epi32(CK_RANS_LOWEST));
  const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)*next));
  *next += 2 * __builtin_popcount(takes);
  return _mm512_mask_or_epi32(after, takes, _mm512_slli_epi32(after, 16), _mm512_maskz_expand_epi32(takes, words));
}

static int decode(ck_rans_stream *s, const uint32_t *tables, size_t n, uint8_t *y) {
  assert(is_rans_stream(s) && tables && y);
  __m512i x0 = _mm512_loadu_si512(s->states), x1 = _mm512_loadu_si512(s->states + 16);
  const uint8_t *next = s->next;
  size_t i = 0;
  for (; n - i >= CK_RANS_LANES && s->end - next >= RANS_GROUP_BYTES; i += CK_RANS_LANES) {
    x0 = step(x0, tables, &next, y + i);
    x1 = step(x1, tables, &next, y + i + 16);
  }
  _mm512_storeu_si512(s->states, x0);
  _mm512_storeu_si512(s->states + 16, x1);
  s->next = next;
  return ck_rans__scalar.decode(s, tables, n - i, y + i);
}

const ck_rans_decoder ck_rans__avx512 = {.name = "rans__avx512", .decode = decode};

END_COMPILE_FOR
#endif
