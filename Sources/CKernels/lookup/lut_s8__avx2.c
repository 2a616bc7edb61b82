// Table lookup in blocks of 32 bytes.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "common/compile.h"
#include "lut_s8.h"

COMPILE_FOR(AVX2)

// Sixteen tables of sixteen: vpshufb takes a lane's low four bits and gives 0 where its top bit is set, which the
// saturating addition sets unless the upper four bits are those of the table.
void ck_lut_s8__avx2(size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  assert(x && lut && y);
  const __m256i bias = _mm256_set1_epi8(0x70), flip = _mm256_set1_epi8((char)0x80);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i index = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)(x + i)), flip);
    __m256i result = _mm256_setzero_si256();
    for (size_t t = 0; t < 16; t++) {
      __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(lut + t * 16)));
      __m256i own = _mm256_adds_epu8(_mm256_xor_si256(index, _mm256_set1_epi8((char)(t * 16))), bias);
      result = _mm256_or_si256(result, _mm256_shuffle_epi8(table, own));
    }
    _mm256_storeu_si256((__m256i *)(void *)(y + i), result);
  }
  ck_lut_s8__scalar(n - i, x + i, lut, y + i);
}

void ck_lut_rows_s8__avx2(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y) {
  assert(rows > 0 && columns > 0 && (rows == 1 || stride >= columns) && lut && y);
  for (size_t row = 0; row < rows; row++, y += stride) ck_lut_s8__avx2(columns, y, lut, y);
}

END_COMPILE_FOR
#endif
