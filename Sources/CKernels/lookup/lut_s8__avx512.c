// Table lookup in blocks of 64 bytes.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "lut_s8.h"

COMPILE_FOR(AVX512)

// Sixteen tables of sixteen: vpshufb takes a lane's low four bits and gives 0 where its top bit is set, which the
// saturating addition sets unless the upper four bits are those of the table.
void ck_lut_s8__avx512(size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  assert(x && lut && y);
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

void ck_lut_rows_s8__avx512(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y) {
  assert(rows > 0 && columns > 0 && (rows == 1 || stride >= columns) && lut && y);
  if (ck_runs(NEEDS_AVX512VBMI)) {
    ck_lut_rows_s8__avx512vbmi(rows, columns, stride, lut, y);
    return;
  }
  for (size_t row = 0; row < rows; row++, y += stride) ck_lut_s8__avx512(columns, y, lut, y);
}

END_COMPILE_FOR
#endif
