// Table lookup in blocks of 64 bytes by byte permutation, the table in four registers.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "lut_s8.h"

COMPILE_FOR(AVX512VBMI)

typedef struct {
  __m512i quarter[4];  // entries for -128..., -64..., 0..., 64...
} table;

static inline table load_table(const int8_t *lut) {
  table t = {{_mm512_loadu_si512(lut), _mm512_loadu_si512(lut + 64), _mm512_loadu_si512(lut + 128),
              _mm512_loadu_si512(lut + 192)}};
  return t;
}

// The permutation looks at seven bits, which are those of x + 128 within each half; the sign tells the halves apart.
static inline __m512i apply(table t, __m512i x) {
  __m512i negative = _mm512_permutex2var_epi8(t.quarter[0], x, t.quarter[1]);
  __m512i positive = _mm512_permutex2var_epi8(t.quarter[2], x, t.quarter[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), positive, negative);
}

void ck_lut_s8__avx512vbmi(size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  assert(x && lut && y);
  table t = load_table(lut);
  for (size_t i = 0; i < n; i += 64) {
    if (n - i >= 64) {
      _mm512_storeu_si512(y + i, apply(t, _mm512_loadu_si512(x + i)));
      continue;
    }
    __mmask64 valid = (__mmask64)((1ull << (n - i)) - 1);
    _mm512_mask_storeu_epi8(y + i, valid, apply(t, _mm512_maskz_loadu_epi8(valid, x + i)));
  }
}

void ck_lut_rows_s8__avx512vbmi(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y) {
  assert(rows > 0 && columns > 0 && (rows == 1 || stride >= columns) && lut && y);
  table t = load_table(lut);
  size_t whole = columns / 64 * 64;
  __mmask64 valid = (__mmask64)((1ull << (columns - whole)) - 1);
  for (size_t row = 0; row < rows; row++, y += stride) {
    for (size_t i = 0; i < whole; i += 64) _mm512_storeu_si512(y + i, apply(t, _mm512_loadu_si512(y + i)));
    if (!valid) continue;
    __m512i tail = _mm512_maskz_loadu_epi8(valid, y + whole);
    _mm512_mask_storeu_epi8(y + whole, valid, apply(t, tail));
  }
}

END_COMPILE_FOR
#endif
