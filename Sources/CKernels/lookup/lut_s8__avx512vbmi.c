// Table lookup in blocks of 64 bytes by byte permutation.
#if defined(__x86_64__)
#include "lut_s8__avx512vbmi.h"

#include "ck_isa.h"
#include "lut_s8.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi"))), \
                             apply_to = function)

void ck_lut_s8__avx512vbmi(size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  lut_512 table = lut_512_load(lut);
  for (size_t i = 0; i < n; i += 64) {
    if (n - i >= 64) {
      _mm512_storeu_si512(y + i, lut_512_apply(_mm512_loadu_si512(x + i), table));
      continue;
    }
    __mmask64 valid = (__mmask64)((1ull << (n - i)) - 1);
    _mm512_mask_storeu_epi8(y + i, valid, lut_512_apply(_mm512_maskz_loadu_epi8(valid, x + i), table));
  }
}

static void look_up_rows(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y) {
  lut_512 table = lut_512_load(lut);
  size_t whole = columns / 64 * 64;
  __mmask64 valid = (__mmask64)((1ull << (columns - whole)) - 1);
  for (size_t row = 0; row < rows; row++, y += stride) {
    for (size_t i = 0; i < whole; i += 64)
      _mm512_storeu_si512(y + i, lut_512_apply(_mm512_loadu_si512(y + i), table));
    if (!valid) continue;
    __m512i tail = _mm512_maskz_loadu_epi8(valid, y + whole);
    _mm512_mask_storeu_epi8(y + whole, valid, lut_512_apply(tail, table));
  }
}

#pragma clang attribute pop

void ck_lut_rows_s8__avx512(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y) {
  if (ck_has_avx512vbmi()) {
    look_up_rows(rows, columns, stride, lut, y);
    return;
  }
  for (size_t row = 0; row < rows; row++, y += stride) ck_lut_s8__avx512(columns, y, lut, y);
}
#endif
