// Implicit-GEMM convolution: cutting the work.
#include "igemm_s8_plan.h"

// Cache sizes the loop order aims at: what a chunk of rows may take of L1, and of L2 where the weights exceed it.
enum { L1_CHUNK = 16 << 10, L2_CHUNK = 192 << 10, L1_WEIGHTS = 16 << 10, L2_WEIGHTS = 512 << 10 };
// Work units below which rows and blocks of columns are both divided.
enum { ENOUGH_UNITS = 16, MAX_CHUNK_TILES = 32 };

igemm_plan igemm_make_plan(const igemm_isa *isa, const ck_conv_shape *s) {
  igemm_plan p = {0};
  p.groups = (size_t)s->groups;
  p.in_c = (size_t)s->in_c / p.groups;
  p.out_c = (size_t)s->out_c / p.groups;
  p.whole_rows = s->kernel_w > 1 && s->dilation_w == 1 && p.groups == 1 && p.in_c < 16;
  p.taps = (size_t)s->kernel_h * (p.whole_rows ? 1 : (size_t)s->kernel_w);
  p.run = p.in_c * (p.whole_rows ? (size_t)s->kernel_w : 1);
  p.step = isa->step;
  p.steps = ck_ceil_div(p.run, p.step);
  p.lanes = isa->lanes;
  p.vectors = ck_ceil_div(p.out_c, p.lanes);
  p.blocks = ck_ceil_div(p.vectors, isa->vectors);
  p.rows = (size_t)s->out_h * (size_t)s->out_w;
  p.tile_rows = isa->rows[ck_ceil_div(p.vectors, p.blocks)];
  p.tiles = ck_ceil_div(p.rows, p.tile_rows);
  p.rows_each = p.rows / p.tiles;
  p.rows_over = p.rows % p.tiles;
  p.zeros_size = ck_round_up(p.steps * p.step, CK_ALIGN);
  p.group_size = ck_round_up(p.vectors * p.lanes * igemm_column_size(isa, &p), CK_ALIGN);

  if (p.tiles < ENOUGH_UNITS) p.row_parts = ck_min(p.tiles, ck_ceil_div(ENOUGH_UNITS, p.blocks));
  size_t tile_bytes = p.tile_rows * p.in_c * (size_t)s->stride_w * (size_t)s->stride_h;
  if (isa->convert) tile_bytes = p.tile_rows * p.taps * p.steps * isa->converted_step;
  size_t chunk = p.group_size <= L1_WEIGHTS ? L1_CHUNK / 4 : p.group_size <= L2_WEIGHTS ? L1_CHUNK : L2_CHUNK;
  p.chunk_tiles = ck_max(1, ck_min(MAX_CHUNK_TILES, chunk / tile_bytes));
  if (p.row_parts) p.chunk_tiles = p.tiles;
  return p;
}
