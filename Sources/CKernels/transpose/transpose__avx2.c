// Transposes in squares held in registers: 8 x 8 words, 16 x 16 bytes. A step interleaves the first half of the rows
// with the second; after log2(size) such steps rows have become columns.
#if defined(__x86_64__)
#include "common/compile.h"
#include "transpose.h"

#include <immintrin.h>

COMPILE_FOR(AVX2)

static void square32(const uint32_t *x, size_t columns, uint32_t *y, size_t rows) {
  __m256 a[8], b[8];
  // Rows i and i + 4 share a register pair by halves, so that no later step has to cross halves.
  for (int i = 0; i < 4; i++) {
    const float *top = (const float *)(x + (size_t)i * columns);
    const float *bottom = (const float *)(x + (size_t)(i + 4) * columns);
    a[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(top)), _mm_loadu_ps(bottom), 1);
    a[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(top + 4)), _mm_loadu_ps(bottom + 4), 1);
  }
  for (int half = 0; half < 8; half += 4) {
    b[half + 0] = _mm256_unpacklo_ps(a[half + 0], a[half + 2]);
    b[half + 1] = _mm256_unpackhi_ps(a[half + 0], a[half + 2]);
    b[half + 2] = _mm256_unpacklo_ps(a[half + 1], a[half + 3]);
    b[half + 3] = _mm256_unpackhi_ps(a[half + 1], a[half + 3]);
  }
  for (int half = 0; half < 8; half += 4) {
    float *to = (float *)(y + (size_t)half * rows);
    _mm256_storeu_ps(to, _mm256_unpacklo_ps(b[half], b[half + 2]));
    _mm256_storeu_ps(to + rows, _mm256_unpackhi_ps(b[half], b[half + 2]));
    _mm256_storeu_ps(to + 2 * rows, _mm256_unpacklo_ps(b[half + 1], b[half + 3]));
    _mm256_storeu_ps(to + 3 * rows, _mm256_unpackhi_ps(b[half + 1], b[half + 3]));
  }
}

static void square8(const uint8_t *x, size_t columns, uint8_t *y, size_t rows) {
  __m128i a[16], b[16];
  for (size_t i = 0; i < 16; i++) a[i] = _mm_loadu_si128((const __m128i *)(x + i * columns));
  for (int step = 0; step < 4; step++) {
    for (int i = 0; i < 8; i++) {
      b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
      b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
    }
    for (int i = 0; i < 16; i++) a[i] = b[i];
  }
  for (size_t i = 0; i < 16; i++) _mm_storeu_si128((__m128i *)(y + i * rows), a[i]);
}

void ck_transpose32__avx2(size_t rows, size_t columns, const uint32_t *x, uint32_t *y) {
  assert(rows > 0 && columns > 0 && x && y && x != y);
  TRANSPOSE(8, square32);
}

void ck_transpose8__avx2(size_t rows, size_t columns, const uint8_t *x, uint8_t *y) {
  assert(rows > 0 && columns > 0 && x && y && x != y);
  TRANSPOSE(16, square8);
}

END_COMPILE_FOR
#endif
