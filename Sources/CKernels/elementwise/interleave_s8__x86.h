// Interleaving of bytes in SSSE3 registers; included within COMPILE_FOR(AVX2) or more.
#pragma once
#include <immintrin.h>
#include <stdint.h>

// Writes 16 pixels of three channels: each third of the 48 bytes takes from every plane the bytes that fall there.
static void interleave_three(const int8_t *const planes[3], int8_t *y) {
  static const int8_t picks[3][3][16] = {
#define __ -1
      {{0, __, __, 1, __, __, 2, __, __, 3, __, __, 4, __, __, 5},
       {__, 0, __, __, 1, __, __, 2, __, __, 3, __, __, 4, __, __},
       {__, __, 0, __, __, 1, __, __, 2, __, __, 3, __, __, 4, __}},
      {{__, __, 6, __, __, 7, __, __, 8, __, __, 9, __, __, 10, __},
       {5, __, __, 6, __, __, 7, __, __, 8, __, __, 9, __, __, 10},
       {__, 5, __, __, 6, __, __, 7, __, __, 8, __, __, 9, __, __}},
      {{__, 11, __, __, 12, __, __, 13, __, __, 14, __, __, 15, __, __},
       {__, __, 11, __, __, 12, __, __, 13, __, __, 14, __, __, 15, __},
       {10, __, __, 11, __, __, 12, __, __, 13, __, __, 14, __, __, 15}},
#undef __
  };
  __m128i x[3];
  for (size_t c = 0; c < 3; c++) x[c] = _mm_loadu_si128((const __m128i *)planes[c]);
  for (size_t third = 0; third < 3; third++) {
    __m128i bytes = _mm_setzero_si128();
    for (size_t c = 0; c < 3; c++)
      bytes = _mm_or_si128(bytes, _mm_shuffle_epi8(x[c], _mm_loadu_si128((const __m128i *)picks[third][c])));
    _mm_storeu_si128((__m128i *)y + third, bytes);
  }
}
