// How the AMX convolution cuts its work, and how its packed weights lie.
#pragma once
#include "amx_tiles.h"
#include "common/int8_kernels.h"

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

amx_plan amx_make_plan(const ck_conv_shape *shape);
int amx_fits(const ck_conv_shape *shape);
int amx_suits(const ck_conv_shape *shape);
size_t amx_packed_size(const ck_conv_shape *shape);
void amx_pack(const ck_conv_shape *shape, const int8_t *weights, const int32_t *bias, const float *multiplier,
              int32_t input_zero_point, void *packed);

/// Packed: a header, then groups of blocks. A block has int32 bias and float32 multipliers of its 16 or 32 columns,
/// then tiles [tap][step][16 columns], one after the other.
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
