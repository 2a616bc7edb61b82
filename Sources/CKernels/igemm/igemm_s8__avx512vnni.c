// Tiles of 16-lane vectors with dpbusd, which multiplies unsigned by signed bytes: activations are moved to unsigned by
// flipping their top bit (q + 128), and the packed bias takes the 128 off again. Its sums wrap, they do not saturate.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "igemm_s8.h"
#include "lookup/lut_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX512VNNI)

#include "columns__avx512.h"
#include "requantize/requantize__avx512.h"

static const igemm_isa blocking;

// Requantizes and stores a tile.
ALWAYS void finish(size_t vectors, size_t rows, int is_floored, __m512i acc[IGEMM_MAX_ROWS][IGEMM_MAX_VECTORS],
                   const float *multiplier, const igemm_output *out) {
  __m512 m[IGEMM_MAX_VECTORS], offset[IGEMM_MAX_VECTORS];
  UNROLL for (size_t v = 0; v < vectors; v++) {
    m[v] = _mm512_loadu_ps(multiplier + v * 16);
    offset[v] = requantize_512_floor_offset(m[v]);
  }
  requantize_512 q = requantize_512_make(out->zero_point, out->lo, out->hi);
  size_t together = rows_together(vectors), columns = out->columns, stride = out->stride;
  int8_t *y = out->s8;
  UNROLL for (size_t r = 0; r < rows; r += together) {
    __m512i rounded[4];
    UNROLL for (size_t i = 0; i < 4; i++) {
      size_t from = r + i / vectors, v = i % vectors;
      if (from >= rows || i >= together * vectors)
        rounded[i] = rounded[0];
      else if (is_floored)
        rounded[i] = requantize_512_round_floored(acc[from][v], m[v], offset[v]);
      else
        rounded[i] = requantize_512_round(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[from][v]), m[v]));
    }
    __m512i narrow = is_floored ? requantize_512_narrow_floored(rounded[0], rounded[1], rounded[2], rounded[3])
                                : requantize_512_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q);
    __m512i bytes = gather_rows(vectors, narrow);
    UNROLL for (size_t i = 0; i < together; i++)
      if (r + i < rows) store_row(vectors, y + (r + i) * stride, columns, row_part(vectors, i, bytes));
  }
}

ALWAYS void tile(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                 const void *block, const igemm_output *out) {
  __m512i acc[IGEMM_MAX_ROWS][IGEMM_MAX_VECTORS];
  const int32_t *bias = igemm_bias(block);
  const int8_t *weights = igemm_weights(block, vectors * 16);
  __m512i flip = _mm512_set1_epi8((char)0x80);
  // Hides that all lanes are the same: the compiler would flip a scalar and spend a shuffle on broadcasting it, instead
  // of flipping while it loads and broadcasts.
  __asm__("" : "+v"(flip));
  const int is_floored = out->is_floored;
  const __m512i floor = _mm512_set1_epi32(is_floored ? REQUANTIZE_512_FLOOR : 0);
  UNROLL for (size_t v = 0; v < vectors; v++) {
    __m512i b = _mm512_add_epi32(_mm512_loadu_si512(bias + v * 16), floor);
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
  if (is_floored)
    finish(vectors, rows, 1, acc, igemm_multiplier(block, vectors * 16), out);
  else
    finish(vectors, rows, 0, acc, igemm_multiplier(block, vectors * 16), out);
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

IGEMM_DEFINE_KERNEL(ck_igemm_s8__avx512vnni, "igemm_s8__avx512vnni", NEEDS_AVX512VNNI, blocking);

END_COMPILE_FOR
#endif
