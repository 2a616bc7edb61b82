// How a convolution is cut into blocks of columns, tiles of rows and units of work, and how its packed weights lie.
#pragma once
#include "igemm_s8_isa.h"

// Packed: a header, a row of zero points, then the groups' blocks of columns.
enum { IGEMM_HEADER_SIZE = CK_ALIGN };
typedef struct {
  int32_t is_wild;   // some scaled accumulator may not fit int32
  int32_t is_large;  // ck_can_floor does not hold for some channel
  int32_t must_convert;  // nor ck_is_small
} igemm_header;

typedef struct {
  size_t groups, in_c, out_c;  // channels of one group
  int whole_rows;              // a tap is a kernel row
  size_t taps, run, step, steps;  // `run` bytes a tap, read in `steps` of `step` bytes
  size_t rows, tile_rows, tiles, rows_each, rows_over;  // every tile has rows_each rows, the first rows_over one more
  size_t vectors, blocks;  // vectors of columns, and the blocks they are dealt to
  size_t lanes;
  size_t zeros_size, group_size;  // bytes of the row of zero points and of a group's blocks
  size_t row_parts;               // ranges of tiles a unit by columns is divided into; 0: units are tiles
  size_t chunk_tiles;
} igemm_plan;

// Blocks get their vectors as evenly as possible.
static inline size_t igemm_first_vector(const igemm_plan *p, size_t block) { return block * p->vectors / p->blocks; }
static inline size_t igemm_block_vectors(const igemm_plan *p, size_t block) {
  return igemm_first_vector(p, block + 1) - igemm_first_vector(p, block);
}

static inline size_t igemm_column_size(const igemm_isa *isa, const igemm_plan *p) {
  return sizeof(int32_t) + sizeof(float) + p->taps * p->steps * p->step * isa->weight_size;
}

static inline size_t igemm_block_offset(const igemm_isa *isa, const igemm_plan *p, size_t block) {
  return igemm_first_vector(p, block) * p->lanes * igemm_column_size(isa, p);
}

igemm_plan igemm_make_plan(const igemm_isa *isa, const ck_conv_shape *shape);
