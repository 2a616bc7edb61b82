// Where narrowed results of a block of columns go; included within COMPILE_FOR(AVX512) or more. A block has 1 to 4
// vectors, their lanes in the order of igemm_column.
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compile.h"

// Rows whose vectors fill one narrowing: it takes four vectors.
ALWAYS size_t rows_together(size_t vectors) { return vectors == 1 ? 4 : vectors == 2 ? 2 : 1; }

// Puts the columns of each row together, in order, rows in parts of 16 * vectors bytes (the last 16 are free where
// there are 3 vectors).
ALWAYS __m512i gather_rows(size_t vectors, __m512i narrow) {
  switch (vectors) {
    case 1:
      return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), narrow);
    case 2: return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), narrow);
    case 3:
      return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0), narrow);
    default: return narrow;
  }
}

// Part `i` of what gather_rows gives, moved to the front.
ALWAYS __m512i row_part(size_t vectors, size_t i, __m512i rows) {
  if (i == 0) return rows;
  if (vectors == 2) return _mm512_castsi256_si512(_mm512_extracti64x4_epi64(rows, 1));
  switch (i) {
    case 1: return _mm512_castsi128_si512(_mm512_extracti32x4_epi32(rows, 1));
    case 2: return _mm512_castsi128_si512(_mm512_extracti32x4_epi32(rows, 2));
    default: return _mm512_castsi128_si512(_mm512_extracti32x4_epi32(rows, 3));
  }
}

ALWAYS void store_row(size_t vectors, int8_t *y, size_t columns, __m512i bytes) {
  if (columns != 16 * vectors) {
    _mm512_mask_storeu_epi8(y, (__mmask64)((1ull << columns) - 1), bytes);
    return;
  }
  switch (vectors) {
    case 1: _mm_storeu_si128((__m128i *)y, _mm512_castsi512_si128(bytes)); break;
    case 2: _mm256_storeu_si256((__m256i *)y, _mm512_castsi512_si256(bytes)); break;
    case 3:
      _mm256_storeu_si256((__m256i *)y, _mm512_castsi512_si256(bytes));
      _mm_storeu_si128((__m128i *)(y + 32), _mm512_extracti32x4_epi32(bytes, 2));
      break;
    default: _mm512_storeu_si512(y, bytes);
  }
}
