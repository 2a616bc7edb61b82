// The AMX convolution: cutting the work, and choosing it.
#if defined(__x86_64__)
#include "igemm_s8__amx_plan.h"

// Bytes of input a chunk of rows aims at, by what it has to share which cache with, and bounds of its pairs of tiles.
enum { L1_CHUNK = 24 << 10, WINDOW_CHUNK = 128 << 10, L2_CHUNK = 192 << 10, L2_WEIGHTS = 1 << 20 };
enum { MIN_CHUNK_PAIRS = 4, MAX_CHUNK_PAIRS = 64 };
// Work units below which blocks of columns are divided too; most bytes of a padded copy.
enum { ENOUGH_UNITS = 16, MAX_PADDED_SIZE = 64 << 20 };

// Chooses lines. Rows of a tile are counted as cycles, and 8 more for all that a tile costs however many they are.
static void choose_lines(amx_plan *p, const ck_conv_shape *s) {
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

amx_plan amx_make_plan(const ck_conv_shape *s) {
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
  choose_lines(&p, s);

  p.group_columns = ck_ceil_div(p.out_c, COLUMNS);
  p.group_blocks = ck_ceil_div(p.group_columns, 2);
  p.blocks = p.groups * p.group_blocks;
  p.group_size = p.group_columns * COLUMNS * (COLUMN_HEAD + p.tap_rows * p.tap_columns * p.steps * p.width);
  p.parts = p.pairs < ENOUGH_UNITS ? ck_min(p.blocks, ck_ceil_div(ENOUGH_UNITS, p.pairs)) : 1;

  size_t chunk = p.groups * p.group_size <= L2_WEIGHTS ? L1_CHUNK : L2_CHUNK;
  if (p.tap_rows * p.tap_columns > 1) chunk = WINDOW_CHUNK;  // a line is read for many taps while it is in L1
  size_t pixels = 2 * p.tile_rows * (size_t)s->stride_h * (size_t)s->stride_w;
  size_t wanted = ck_max(MIN_CHUNK_PAIRS, ck_min(MAX_CHUNK_PAIRS, chunk / pixels / (size_t)s->in_c));
  p.chunk_pairs = ck_min(p.pairs, wanted);
  size_t tiles = 2 * p.chunk_pairs;
  size_t out_rows = p.lines > 1 ? ck_ceil_div(tiles - 1, p.line_tiles) + 1
                                : ck_ceil_div(tiles * p.tile_rows - 1, p.row_positions) + 1;
  p.chunk_rows = (ck_min(out_rows, (size_t)s->out_h) - 1) * (size_t)s->stride_h + p.span_h;
  return p;
}

// A padded copy of a few rows is small, unless strides or padding are absurd.
int amx_fits(const ck_conv_shape *s) {
  double wide = (double)(s->out_w - 1) * s->stride_w + (double)(s->kernel_w - 1) * s->dilation_w + 1;
  double high = (double)(s->kernel_h - 1) * s->dilation_h + 1;
  if (wide * high * s->in_c > MAX_PADDED_SIZE) return 0;  // before sizes are multiplied as integers
  amx_plan p = amx_make_plan(s);
  return !p.is_padded || (double)p.chunk_rows * (double)(p.pitch * (size_t)s->in_c) <= MAX_PADDED_SIZE;
}

// Whether AMX is likely to beat AVX-512-VNNI by a tenth or more: cycles of both, estimated. VNNI does 112 products a
// cycle, in fours, and then requantizes. AMX does 4.4 times that in full tiles (measured, for products alone), pays for
// a tile however few its rows are, requantizes meanwhile, which may take longer, and must be configured.
int amx_suits(const ck_conv_shape *s) {
  amx_plan p = amx_make_plan(s);
  double taps = (double)(p.tap_rows * p.tap_columns), columns = (double)(p.groups * p.group_columns);
  double vnni_products = taps * (double)ck_round_up(p.run, 4) / 112;
  double vnni = (double)s->out_h * s->out_w * columns * COLUMNS * (vnni_products + 0.13);
  double amx_products = 1.375 * taps * (double)(p.steps * (p.tile_rows + 8));
  double amx = 1000 + (double)p.tiles * columns * ((amx_products > 52 ? amx_products : 52) + 15);
  return 1.1 * amx < vnni;
}
#endif
