// Tiles of 16-lane vectors with dpbusd, which multiplies unsigned by signed bytes: activations are moved to unsigned by
// flipping their top bit (q + 128), and the packed bias takes the 128 off again. Its sums wrap, they do not saturate.
#if defined(__x86_64__)
#include <immintrin.h>

#include "igemm_s8.h"
#include "lut_s8.h"

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)

#include "requantize__avx512.h"

#define UNROLL _Pragma("clang loop unroll(full)")
#define ALWAYS static inline __attribute__((always_inline))

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

static const igemm_isa blocking;

ALWAYS void tile(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                 const void *block, const igemm_output *out) {
  __m512i acc[IGEMM_MAX_ROWS][IGEMM_MAX_VECTORS];
  const int32_t *bias = igemm_bias(block);
  const int8_t *weights = igemm_weights(block, vectors * 16);
  __m512i flip = _mm512_set1_epi8((char)0x80);
  // Hides that all lanes are the same: the compiler would flip a scalar and spend a shuffle on broadcasting it, instead
  // of flipping while it loads and broadcasts.
  __asm__("" : "+v"(flip));
  UNROLL for (size_t v = 0; v < vectors; v++) {
    __m512i b = _mm512_loadu_si512(bias + v * 16);
    UNROLL for (size_t r = 0; r < rows; r++) acc[r][v] = b;
  }
  for (size_t tap = 0; tap < taps; tap++, pointers += rows) {
    const int8_t *x[IGEMM_MAX_ROWS];
    UNROLL for (size_t r = 0; r < rows; r++) x[r] = pointers[r];
    for (size_t step = 0; step < steps; step++, weights += vectors * 64) {
      __m512i w[IGEMM_MAX_VECTORS];
      UNROLL for (size_t v = 0; v < vectors; v++) w[v] = _mm512_loadu_si512(weights + v * 64);
      UNROLL for (size_t r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, x[r] + step * IGEMM_STEP, sizeof four);
        __m512i u = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
        UNROLL for (size_t v = 0; v < vectors; v++) acc[r][v] = _mm512_dpbusd_epi32(acc[r][v], u, w[v]);
      }
    }
  }
  if (!out->is_plain) {
    int32_t all[IGEMM_MAX_ROWS * IGEMM_MAX_VECTORS * 16];
    UNROLL for (size_t i = 0; i < rows * vectors; i++)
      _mm512_storeu_si512(all + i * 16, acc[i / vectors][i % vectors]);
    igemm_store_each(&blocking, vectors, rows, all, block, out);
    return;
  }
  const float *multiplier = igemm_multiplier(block, vectors * 16);
  __m512 m[IGEMM_MAX_VECTORS];
  UNROLL for (size_t v = 0; v < vectors; v++) m[v] = _mm512_loadu_ps(multiplier + v * 16);
  requantize_512 q = requantize_512_make(out->zero_point, out->lo, out->hi);
  size_t together = rows_together(vectors), columns = out->columns, stride = out->stride;
  int8_t *y = out->s8;
  UNROLL for (size_t r = 0; r < rows; r += together) {
    __m512i rounded[4];
    UNROLL for (size_t i = 0; i < 4; i++) {
      size_t from = r + i / vectors, v = i % vectors;
      rounded[i] = from < rows && i < together * vectors
                       ? requantize_512_round(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[from][v]), m[v]))
                       : rounded[0];
    }
    __m512i bytes = gather_rows(vectors, requantize_512_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q));
    UNROLL for (size_t i = 0; i < together; i++)
      if (r + i < rows) store_row(vectors, y + (r + i) * stride, columns, row_part(vectors, i, bytes));
  }
}

#define TILE(vectors, rows)                                                                                        \
  static void tile_##vectors##x##rows(size_t taps, size_t steps, const int8_t *const *x, const void *block,         \
                                      const igemm_output *out) {                                                    \
    tile(vectors, rows, taps, steps, x, block, out);                                                                \
  }
#define TILES_TO_6(v) TILE(v, 1) TILE(v, 2) TILE(v, 3) TILE(v, 4) TILE(v, 5) TILE(v, 6)
#define TILES_TO_8(v) TILES_TO_6(v) TILE(v, 7) TILE(v, 8)
#define TILES_TO_12(v) TILES_TO_8(v) TILE(v, 9) TILE(v, 10) TILE(v, 11) TILE(v, 12)
TILES_TO_12(1)
TILES_TO_12(2)
TILES_TO_8(3)
TILES_TO_6(4)

static const igemm_tile tiles[IGEMM_MAX_VECTORS][IGEMM_MAX_ROWS] = {
    {tile_1x1, tile_1x2, tile_1x3, tile_1x4, tile_1x5, tile_1x6, tile_1x7, tile_1x8, tile_1x9, tile_1x10, tile_1x11,
     tile_1x12},
    {tile_2x1, tile_2x2, tile_2x3, tile_2x4, tile_2x5, tile_2x6, tile_2x7, tile_2x8, tile_2x9, tile_2x10, tile_2x11,
     tile_2x12},
    {tile_3x1, tile_3x2, tile_3x3, tile_3x4, tile_3x5, tile_3x6, tile_3x7, tile_3x8},
    {tile_4x1, tile_4x2, tile_4x3, tile_4x4, tile_4x5, tile_4x6},
};

static const igemm_isa blocking = {
    .lanes = 16,
    .step = IGEMM_STEP,
    .vectors = 4,
    .rows = {0, 12, 12, 8, 6},
    .input_offset = 128,
    .weight_size = 1,
    .tiles = tiles,
    .look_up = ck_lut_rows_s8__avx512,
};

IGEMM_DEFINE_KERNEL(ck_igemm_s8__avx512vnni, "igemm_s8__avx512vnni", CK_ISA_AVX512VNNI, blocking);

#pragma clang attribute pop
#endif
