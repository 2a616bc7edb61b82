// How the AMX convolution cuts its work, and how its packed weights lie.
#pragma once
#include "amx_tiles.h"
#include "int8_kernels.h"

// Bytes of input a chunk of rows aims at, by what it has to share which cache with; least pairs of tiles in it.
enum { L1_CHUNK = 24 << 10, WINDOW_CHUNK = 128 << 10, L2_CHUNK = 192 << 10, L2_WEIGHTS = 1 << 20, LEAST_CHUNK = 4 };
enum { MAX_CHUNK = 64, ENOUGH_UNITS = 16, MAX_PADDED_SIZE = 64 << 20 };
// Columns of a tile and of a block, rows of a pair of tiles, bytes before the weights of a column: bias, multiplier.
enum { COLUMNS = 16, BLOCK_COLUMNS = 32, PAIR_ROWS = 2 * AMX_ROWS, COLUMN_HEAD = 8, HEADER_SIZE = CK_ALIGN };

typedef struct {
  size_t groups, in_c, out_c;  // channels of one group
  // A tap is a kernel position, or a kernel row where that takes fewer steps: `run` bytes, read in `steps` of `width`.
  int whole_rows;
  size_t tap_rows, tap_columns, run, steps, width;
  // The image windows lie in: read in place, or a padded copy of the rows of a chunk.
  int is_padded;
  size_t span_h, span_w, pitch;  // of a window; pixels from an image row to the next
  // Positions are windows equally far apart in memory. A line is an output row, or all of them: then the positions
  // between the end of a row and the next one's begin are computed for nothing.
  size_t lines, line_positions, row_positions;
  size_t tile_rows, line_tiles, tiles, pairs;  // a pair is two tiles, wherever they are
  size_t group_columns, group_blocks, blocks, group_size;  // tiles of columns and blocks of two of them; bytes packed
  size_t parts;                                // ranges of blocks that units are divided into
  size_t chunk_pairs, chunk_rows;              // pairs prepared at a time, and the rows of a padded copy they need
} amx_plan;

// Chooses lines. Rows of a tile are counted as cycles, and 8 more for all that a tile costs however many they are.
static inline void amx_choose_lines(amx_plan *p, const ck_conv_shape *s) {
  size_t out_h = (size_t)s->out_h, out_w = (size_t)s->out_w;
  p->lines = out_h;
  p->line_positions = p->row_positions = out_w;
  p->line_tiles = ck_ceil_div(out_w, AMX_ROWS);
  p->tile_rows = ck_ceil_div(out_w, p->line_tiles);
  if (s->stride_h == 1 && s->stride_w == 1) {
    size_t positions = (out_h - 1) * p->pitch + out_w;
    size_t tiles = ck_ceil_div(positions, AMX_ROWS), rows = ck_ceil_div(positions, tiles);
    if (tiles * (rows + 8) < p->lines * p->line_tiles * (p->tile_rows + 8)) {
      p->lines = 1;
      p->line_positions = positions;
      p->row_positions = p->pitch;
      p->line_tiles = tiles;
      p->tile_rows = rows;
    }
  }
  p->tiles = p->lines * p->line_tiles;
  p->pairs = ck_ceil_div(p->tiles, 2);
}

static inline amx_plan amx_make_plan(const ck_conv_shape *s) {
  amx_plan p = {0};
  size_t kernel_h = (size_t)s->kernel_h, kernel_w = (size_t)s->kernel_w;
  p.groups = (size_t)s->groups;
  p.in_c = (size_t)s->in_c / p.groups;
  p.out_c = (size_t)s->out_c / p.groups;
  p.whole_rows = kernel_w > 1 && s->dilation_w == 1 && p.groups == 1 &&
                 ck_ceil_div(kernel_w * p.in_c, AMX_ROW_SIZE) < kernel_w * ck_ceil_div(p.in_c, AMX_ROW_SIZE);
  p.tap_rows = kernel_h;
  p.tap_columns = p.whole_rows ? 1 : kernel_w;
  p.run = p.whole_rows ? kernel_w * p.in_c : p.in_c;
  p.steps = ck_ceil_div(p.run, AMX_ROW_SIZE);
  // Steps of one width, so that there is no remainder: less than AMX_ROW_SIZE bytes are read too far, times zero.
  p.width = ck_round_up(ck_ceil_div(p.run, p.steps), 4);

  p.span_h = (kernel_h - 1) * (size_t)s->dilation_h + 1;
  p.span_w = (kernel_w - 1) * (size_t)s->dilation_w + 1;
  size_t high = (size_t)(s->out_h - 1) * (size_t)s->stride_h + p.span_h;
  size_t wide = (size_t)(s->out_w - 1) * (size_t)s->stride_w + p.span_w;
  p.is_padded = s->pad_top > 0 || s->pad_left > 0 || high > (size_t)s->in_h || wide > (size_t)s->in_w;
  p.pitch = p.is_padded ? wide : (size_t)s->in_w;
  amx_choose_lines(&p, s);

  p.group_columns = ck_ceil_div(p.out_c, COLUMNS);
  p.group_blocks = ck_ceil_div(p.group_columns, 2);
  p.blocks = p.groups * p.group_blocks;
  p.group_size = p.group_columns * COLUMNS * (COLUMN_HEAD + p.tap_rows * p.tap_columns * p.steps * p.width);
  p.parts = p.pairs < ENOUGH_UNITS ? ck_min(p.blocks, ck_ceil_div(ENOUGH_UNITS, p.pairs)) : 1;

  size_t chunk = p.tap_rows * p.tap_columns > 1                ? WINDOW_CHUNK
                 : p.groups * p.group_size <= L2_WEIGHTS ? L1_CHUNK
                                                               : L2_CHUNK;
  size_t pixels = 2 * p.tile_rows * (size_t)s->stride_h * (size_t)s->stride_w;
  size_t wanted = ck_max(LEAST_CHUNK, ck_min(MAX_CHUNK, chunk / pixels / (size_t)s->in_c));
  p.chunk_pairs = ck_min(p.pairs, wanted);
  size_t tiles = 2 * p.chunk_pairs;
  size_t out_rows = p.lines > 1 ? ck_ceil_div(tiles - 1, p.line_tiles) + 1
                                : ck_ceil_div(tiles * p.tile_rows - 1, p.row_positions) + 1;
  p.chunk_rows = (ck_min(out_rows, (size_t)s->out_h) - 1) * (size_t)s->stride_h + p.span_h;
  return p;
}

/// Packed: a header, then groups of blocks. A block has int32 bias and float32 multipliers of its 16 or 32 columns, then
/// tiles [tap][step][16 columns], one after the other.
typedef struct {
  int32_t is_wild;  // some scaled accumulator may not fit int32
} amx_header;

static inline size_t amx_tile_size(const amx_plan *p) { return p->width * COLUMNS; }
static inline size_t amx_block_columns(const amx_plan *p, size_t block) {
  return block % p->group_blocks * 2 + 2 <= p->group_columns ? 2 : 1;
}
static inline size_t amx_block_offset(const amx_plan *p, size_t block) {
  return HEADER_SIZE + block / p->group_blocks * p->group_size +
         block % p->group_blocks * 2 * (p->group_size / p->group_columns);
}
/// The first output channel of a block, and the one after its last.
static inline size_t amx_first_channel(const amx_plan *p, size_t block) {
  return block / p->group_blocks * p->out_c + block % p->group_blocks * BLOCK_COLUMNS;
}
static inline size_t amx_last_channel(const amx_plan *p, size_t block) {
  return ck_min(amx_first_channel(p, block) + BLOCK_COLUMNS, (block / p->group_blocks + 1) * p->out_c);
}
