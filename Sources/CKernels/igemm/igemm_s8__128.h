// What the igemm_s8__neon*.c have in common: accumulators of 4 lanes, their results, the tiles and the
// blocking. Each defines, before including it,
//   accumulate(vectors, rows, taps, steps, pointers, weights, acc)    adds to what is in acc
//   STEP                                                              bytes of a step
//   ROWS3, ROWS4                                                      rows of a full tile of 3 and 4 vectors, 4 to 8
//
// Narrower tiles, which serve layers of 8 channels or fewer, have 8 rows.
#include "common/compile.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__neon.h"

enum { MOST_ROWS = 8 };

static const igemm_isa blocking;

// Part `i` of the bytes of a few rows, 4 * vectors each.
ALWAYS int8x16_t row_part(size_t vectors, size_t i, int8x16_t rows) {
  if (i == 0) return rows;
  if (vectors == 2) return vextq_s8(rows, rows, 8);
  return i == 1 ? vextq_s8(rows, rows, 4) : i == 2 ? vextq_s8(rows, rows, 8) : vextq_s8(rows, rows, 12);
}

ALWAYS void store_row(size_t vectors, int8_t *y, size_t columns, int8x16_t bytes) {
  if (columns == 16) {
    vst1q_s8(y, bytes);
    return;
  }
  int8_t tail[16];
  vst1q_s8(tail, bytes);
  // Copies of a constant size are single stores.
  if (columns == 4 * vectors)
    memcpy(y, tail, 4 * vectors);
  else
    memcpy(y, tail, columns);
}

// Requantizes and stores a tile.
ALWAYS void finish(size_t vectors, size_t rows, int is_small, int32x4_t acc[MOST_ROWS][IGEMM_MAX_VECTORS],
                   const float *multiplier, const igemm_output *out) {
  float32x4_t m[IGEMM_MAX_VECTORS];
  UNROLL for (size_t v = 0; v < vectors; v++) m[v] = vld1q_f32(multiplier + v * 4);
  requantize_128 q = requantize_128_make(out->zero_point, out->lo, out->hi);
  // Rows whose vectors fill one narrowing: it takes four vectors.
  const size_t together = vectors == 1 ? 4 : vectors == 2 ? 2 : 1;
  UNROLL for (size_t r = 0; r < rows; r += together) {
    int32x4_t rounded[4];
    UNROLL for (size_t i = 0; i < 4; i++) {
      size_t from = r + i / vectors, v = i % vectors;
      if (from >= rows || i >= together * vectors)
        rounded[i] = rounded[0];
      else
        rounded[i] = is_small ? requantize_128_round_small(acc[from][v], m[v])
                              : requantize_128_round(vmulq_f32(vcvtq_f32_s32(acc[from][v]), m[v]));
    }
    int8x16_t bytes = is_small ? requantize_128_narrow_small(rounded[0], rounded[1], rounded[2], rounded[3], q)
                               : requantize_128_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q);
    UNROLL for (size_t i = 0; i < together; i++)
      if (r + i < rows)
        store_row(vectors, out->s8 + (r + i) * out->stride, out->columns, row_part(vectors, i, bytes));
  }
}

ALWAYS void tile(size_t vectors, size_t rows, size_t taps, size_t steps, const int8_t *const *pointers,
                 const void *block, const igemm_output *out) {
  int32x4_t acc[MOST_ROWS][IGEMM_MAX_VECTORS];
  const int32x4_t base = vdupq_n_s32(out->is_small ? REQUANTIZE_128_SMALL : 0);
  UNROLL for (size_t v = 0; v < vectors; v++) {
    int32x4_t bias = vaddq_s32(vld1q_s32(igemm_bias(block) + v * 4), base);
    UNROLL for (size_t r = 0; r < rows; r++) acc[r][v] = bias;
  }
  accumulate(vectors, rows, taps, steps, pointers, igemm_weights(block, vectors * 4), acc);
  if (!out->is_plain) {
    int32_t all[MOST_ROWS * IGEMM_MAX_VECTORS * 4];
    UNROLL for (size_t i = 0; i < rows * vectors; i++) vst1q_s32(all + i * 4, acc[i / vectors][i % vectors]);
    igemm_store_each(&blocking, vectors, rows, all, block, out);
    return;
  }
  const float *multiplier = igemm_multiplier(block, vectors * 4);
  if (out->is_small)
    finish(vectors, rows, 1, acc, multiplier, out);
  else
    finish(vectors, rows, 0, acc, multiplier, out);
}

#define TILE(vectors, rows)                                                                                        \
  static void tile_##vectors##x##rows(size_t taps, size_t steps, const int8_t *const *x, const void *block,         \
                                      const igemm_output *out) {                                                    \
    tile(vectors, rows, taps, steps, x, block, out);                                                                \
  }
#define TILES_TO_4(v) TILE(v, 1) TILE(v, 2) TILE(v, 3) TILE(v, 4)
#define TILES_TO_5(v) TILES_TO_4(v) TILE(v, 5)
#define TILES_TO_6(v) TILES_TO_5(v) TILE(v, 6)
#define TILES_TO_7(v) TILES_TO_6(v) TILE(v, 7)
#define TILES_TO_8(v) TILES_TO_7(v) TILE(v, 8)
#define TILES_TO(v, rows) EXPANDED_TILES_TO(v, rows)
#define EXPANDED_TILES_TO(v, rows) TILES_TO_##rows(v)
TILES_TO_8(1)
TILES_TO_8(2)
TILES_TO(3, ROWS3)
TILES_TO(4, ROWS4)

#define NAMES_TO_4(v) tile_##v##x1, tile_##v##x2, tile_##v##x3, tile_##v##x4
#define NAMES_TO_5(v) NAMES_TO_4(v), tile_##v##x5
#define NAMES_TO_6(v) NAMES_TO_5(v), tile_##v##x6
#define NAMES_TO_7(v) NAMES_TO_6(v), tile_##v##x7
#define NAMES_TO_8(v) NAMES_TO_7(v), tile_##v##x8
#define NAMES_TO(v, rows) EXPANDED_NAMES_TO(v, rows)
#define EXPANDED_NAMES_TO(v, rows) NAMES_TO_##rows(v)
static const igemm_tile tiles[IGEMM_MAX_VECTORS][IGEMM_MAX_ROWS] = {
    {NAMES_TO_8(1)}, {NAMES_TO_8(2)}, {NAMES_TO(3, ROWS3)}, {NAMES_TO(4, ROWS4)}};

static const igemm_isa blocking = {
    .lanes = 4,
    .step = STEP,
    .vectors = 4,
    .rows = {0, MOST_ROWS, MOST_ROWS, ROWS3, ROWS4},
    .input_offset = 0,
    .weight_size = 1,
    .tiles = tiles,
    .look_up = ck_lut_rows_s8__neon,
};
