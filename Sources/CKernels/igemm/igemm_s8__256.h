// What igemm_s8__avx2.c and igemm_s8__avxvnni.c have in common: accumulators of 8 lanes, their results and the table of
// tiles. Each defines, before including it,
//   accumulate(vectors, rows, taps, steps, pointers, weights, acc)
#include "common/compile.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__avx2.h"

enum { NARROW_ROWS = 8, WIDE_ROWS = 6 };

static const igemm_isa blocking;

// `narrow` holds the columns of each 128-bit group in its low 4 * vectors bytes.
ALWAYS void store_columns(size_t vectors, int8_t *y, size_t columns, __m256i narrow) {
  __m256i order = vectors == 1 ? _mm256_setr_epi32(0, 4, 0, 0, 0, 0, 0, 0) : _mm256_setr_epi32(0, 1, 4, 5, 0, 0, 0, 0);
  __m128i bytes = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(narrow, order));
  if (columns != 8 * vectors) {
    int8_t tail[16];
    _mm_storeu_si128((__m128i *)tail, bytes);
    memcpy(y, tail, columns);
  } else if (vectors == 1) {
    _mm_storel_epi64((__m128i *)y, bytes);
  } else {
    _mm_storeu_si128((__m128i *)y, bytes);
  }
}

ALWAYS void tile(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                 const void *block, const igemm_output *out) {
  __m256i acc[NARROW_ROWS][2];
  UNROLL for (size_t v = 0; v < vectors; v++) {
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(igemm_bias(block) + v * 8));
    UNROLL for (size_t r = 0; r < rows; r++) acc[r][v] = b;
  }
  accumulate(vectors, rows, taps, steps, pointers, igemm_weights(block, vectors * 8), acc);
  if (!out->is_plain) {
    int32_t all[NARROW_ROWS * 2 * 8];
    UNROLL for (size_t i = 0; i < rows * vectors; i++)
      _mm256_storeu_si256((__m256i *)(void *)(all + i * 8), acc[i / vectors][i % vectors]);
    igemm_store_each(&blocking, vectors, rows, all, block, out);
    return;
  }
  const float *multiplier = igemm_multiplier(block, vectors * 8);
  __m256 m[2];
  UNROLL for (size_t v = 0; v < vectors; v++) m[v] = _mm256_loadu_ps(multiplier + v * 8);
  requantize_256 q = requantize_256_make(out->zero_point, out->lo, out->hi);
  UNROLL for (size_t r = 0; r < rows; r++) {
    __m256i a = requantize_256_round(_mm256_mul_ps(_mm256_cvtepi32_ps(acc[r][0]), m[0]));
    __m256i b = vectors == 2 ? requantize_256_round(_mm256_mul_ps(_mm256_cvtepi32_ps(acc[r][1]), m[1])) : a;
    store_columns(vectors, out->s8 + r * out->stride, out->columns, requantize_256_narrow(a, b, a, b, q));
  }
}

#define TILE(vectors, rows)                                                                                        \
  static void tile_##vectors##x##rows(size_t taps, size_t steps, const int8_t *const *x, const void *block,         \
                                      const igemm_output *out) {                                                    \
    tile(vectors, rows, taps, steps, x, block, out);                                                                \
  }
#define TILES_TO_6(v) TILE(v, 1) TILE(v, 2) TILE(v, 3) TILE(v, 4) TILE(v, 5) TILE(v, 6)
TILES_TO_6(1)
TILE(1, 7)
TILE(1, 8)
TILES_TO_6(2)

static const igemm_tile tiles[IGEMM_MAX_VECTORS][IGEMM_MAX_ROWS] = {
    {tile_1x1, tile_1x2, tile_1x3, tile_1x4, tile_1x5, tile_1x6, tile_1x7, tile_1x8},
    {tile_2x1, tile_2x2, tile_2x3, tile_2x4, tile_2x5, tile_2x6},
};
