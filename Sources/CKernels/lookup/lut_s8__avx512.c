// Table lookup in blocks of 64 bytes.
#if defined(__x86_64__)
#include <immintrin.h>

#include "lut_s8.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

// Sixteen tables of sixteen: vpshufb takes a lane's low four bits and gives 0 where its top bit is set, which the
// saturating addition sets unless the upper four bits are those of the table.
void ck_lut_s8__avx512(size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  const __m512i bias = _mm512_set1_epi8(0x70), flip = _mm512_set1_epi8((char)0x80);
  __m512i tables[16];
  for (size_t t = 0; t < 16; t++)
    tables[t] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(lut + t * 16)));
  for (size_t i = 0; i < n; i += 64) {
    __mmask64 valid = n - i < 64 ? (__mmask64)((1ull << (n - i)) - 1) : ~(__mmask64)0;
    __m512i index = _mm512_xor_si512(_mm512_maskz_loadu_epi8(valid, x + i), flip);
    __m512i result = _mm512_setzero_si512();
    for (size_t t = 0; t < 16; t++) {
      __m512i own = _mm512_adds_epu8(_mm512_xor_si512(index, _mm512_set1_epi8((char)(t * 16))), bias);
      result = _mm512_or_si512(result, _mm512_shuffle_epi8(tables[t], own));
    }
    _mm512_mask_storeu_epi8(y + i, valid, result);
  }
}

#pragma clang attribute pop
#endif
