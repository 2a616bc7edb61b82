// Implicit-GEMM convolution: blocking, packing, pointer tables and loop order. Arithmetic is in igemm_s8__<isa>.c.
#include "igemm_s8.h"

#include "requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF

// Cache sizes the loop order aims at: what a chunk of rows may take of L1, and of L2 where the weights exceed it.
enum { L1_CHUNK = 16 << 10, L2_CHUNK = 192 << 10, L1_WEIGHTS = 16 << 10, L2_WEIGHTS = 512 << 10 };
// Work units below which rows and blocks of columns are both divided.
enum { ENOUGH_UNITS = 16, MAX_CHUNK_TILES = 32 };

// Packed: a header, a row of zero points, then the groups' blocks of columns.
enum { HEADER_SIZE = CK_ALIGN };
typedef struct {
  int32_t is_wild;  // some scaled accumulator may not fit int32
} header;

typedef struct {
  size_t groups, in_c, out_c;  // channels of one group
  int whole_rows;              // a tap is a kernel row
  size_t taps, run, steps;     // `run` bytes a tap, read in `steps`
  size_t rows, tile_rows, tiles, rows_each, rows_over;  // every tile has rows_each rows, the first rows_over one more
  size_t vectors, blocks;  // vectors of columns, and the blocks they are dealt to
  size_t lanes;
  size_t zeros_size, group_size;  // bytes of the row of zero points and of a group's blocks
  size_t row_parts;               // ranges of tiles a unit by columns is divided into; 0: units are tiles
  size_t chunk_tiles;
} plan;

// Blocks get their vectors as evenly as possible.
static size_t first_vector(const plan *p, size_t block) { return block * p->vectors / p->blocks; }
static size_t block_vectors(const plan *p, size_t block) { return first_vector(p, block + 1) - first_vector(p, block); }

static size_t column_size(const igemm_isa *isa, const plan *p) {
  return sizeof(int32_t) + sizeof(float) + p->taps * p->steps * IGEMM_STEP * isa->weight_size;
}

static size_t block_offset(const igemm_isa *isa, const plan *p, size_t block) {
  return first_vector(p, block) * p->lanes * column_size(isa, p);
}

static plan make_plan(const igemm_isa *isa, const ck_conv_shape *s) {
  plan p = {0};
  p.groups = (size_t)s->groups;
  p.in_c = (size_t)s->in_c / p.groups;
  p.out_c = (size_t)s->out_c / p.groups;
  p.whole_rows = s->kernel_w > 1 && s->dilation_w == 1 && p.groups == 1 && p.in_c < 16;
  p.taps = (size_t)s->kernel_h * (p.whole_rows ? 1 : (size_t)s->kernel_w);
  p.run = p.in_c * (p.whole_rows ? (size_t)s->kernel_w : 1);
  p.steps = ck_ceil_div(p.run, IGEMM_STEP);
  p.lanes = isa->lanes;
  p.vectors = ck_ceil_div(p.out_c, p.lanes);
  p.blocks = ck_ceil_div(p.vectors, isa->vectors);
  p.rows = (size_t)s->out_h * (size_t)s->out_w;
  p.tile_rows = isa->rows[ck_ceil_div(p.vectors, p.blocks)];
  p.tiles = ck_ceil_div(p.rows, p.tile_rows);
  p.rows_each = p.rows / p.tiles;
  p.rows_over = p.rows % p.tiles;
  p.zeros_size = ck_round_up(p.steps * IGEMM_STEP, CK_ALIGN);
  p.group_size = ck_round_up(p.vectors * p.lanes * column_size(isa, &p), CK_ALIGN);

  if (p.tiles < ENOUGH_UNITS) p.row_parts = ck_min(p.tiles, ck_ceil_div(ENOUGH_UNITS, p.blocks));
  size_t tile_bytes = p.tile_rows * p.in_c * (size_t)s->stride_w * (size_t)s->stride_h;
  size_t chunk = p.group_size <= L1_WEIGHTS ? L1_CHUNK / 4 : p.group_size <= L2_WEIGHTS ? L1_CHUNK : L2_CHUNK;
  p.chunk_tiles = ck_max(1, ck_min(MAX_CHUNK_TILES, chunk / tile_bytes));
  if (p.row_parts) p.chunk_tiles = p.tiles;
  return p;
}

size_t igemm_s8_packed_size(const igemm_isa *isa, const ck_conv_shape *shape) {
  plan p = make_plan(isa, shape);
  return HEADER_SIZE + p.zeros_size + p.groups * p.group_size;
}

// Packs the 4 weights of a step at `column`, steps being `step_size` apart in the block.
static void put_step(const igemm_isa *isa, const int8_t w[IGEMM_STEP], char *column, size_t step_size) {
  if (isa->weight_size == 1) {
    memcpy(column, w, IGEMM_STEP);
    return;
  }
  // Widened weights: the pairs of a step are apart by half a step of the whole block.
  int16_t wide[IGEMM_STEP] = {w[0], w[1], w[2], w[3]};
  memcpy(column, wide, sizeof wide / 2);
  memcpy(column + step_size / 2, wide + 2, sizeof wide / 2);
}

// The whole steps of one tap, weight k at weights[k * stride]. `stride` is a constant where it matters for speed.
static inline __attribute__((always_inline)) char *put_steps(const igemm_isa *isa, size_t count, const int8_t *weights,
                                                             size_t stride, char *column, size_t step_size) {
  for (size_t k = 0; k + IGEMM_STEP <= count; k += IGEMM_STEP, column += step_size) {
    const int8_t *from = weights + k * stride;
    int8_t w[IGEMM_STEP] = {from[0], from[stride], from[2 * stride], from[3 * stride]};
    put_step(isa, w, column, step_size);
  }
  return column;
}

// Packs one column, whose weights are [in_c][kernel_h][kernel_w].
static void pack_column(const igemm_isa *isa, const plan *p, const ck_conv_shape *s, const int8_t *weights,
                        char *column, size_t step_size) {
  size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  for (size_t tap = 0; tap < p->taps; tap++) {
    size_t at = 0;
    if (!p->whole_rows) {
      if (area == 1)
        column = put_steps(isa, p->run, weights, 1, column, step_size);
      else
        column = put_steps(isa, p->run, weights + tap, area, column, step_size);
      at = p->run / IGEMM_STEP * IGEMM_STEP;
    }
    for (; at < p->run; at += IGEMM_STEP, column += step_size) {
      int8_t w[IGEMM_STEP] = {0};
      for (size_t k = at; k < p->run && k < at + IGEMM_STEP; k++)
        w[k - at] = p->whole_rows ? weights[k % p->in_c * area + tap * (size_t)s->kernel_w + k / p->in_c]
                                  : weights[k * area + tap];
      put_step(isa, w, column, step_size);
    }
  }
}

// Packs a block of columns; whether one of them is wild.
static int pack_block(const igemm_isa *isa, const plan *p, const ck_conv_shape *s, size_t first, size_t vectors,
                      const int8_t *weights, const int32_t *bias, const float *multiplier, int32_t zero_point,
                      void *block) {
  size_t width = vectors * p->lanes, area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  int is_wild = 0;
  size_t step_size = width * IGEMM_STEP * isa->weight_size;
  for (size_t i = 0; i < width; i++) {
    size_t column = first + igemm_column(vectors, i / p->lanes, i % p->lanes);
    int32_t folded = 0;
    float m = 0;
    if (column < p->out_c) {
      // Widened weights keep their 4-byte pairs where others have their 4 bytes.
      char *at = (char *)block + width * (sizeof(int32_t) + sizeof(float)) + i * IGEMM_STEP;
      const int8_t *w = weights + column * area * p->in_c;
      pack_column(isa, p, s, w, at, step_size);
      uint32_t sum = ck_sum_of_weights(area * p->in_c, w);
      int32_t b = bias ? bias[column] : 0;
      m = multiplier[column];
      folded = ck_fold_bias(b, sum, zero_point, isa->input_offset);
      is_wild |= ck_is_wild(b, area * p->in_c, m);
    }
    memcpy((char *)block + i * sizeof folded, &folded, sizeof folded);
    memcpy((char *)block + (width + i) * sizeof m, &m, sizeof m);
  }
  return is_wild;
}

void igemm_s8_pack(const igemm_isa *isa, const ck_conv_shape *s, const int8_t *weights, const int32_t *bias,
                   const float *multiplier, int32_t input_zero_point, void *packed) {
  plan p = make_plan(isa, s);
  memset(packed, 0, igemm_s8_packed_size(isa, s));
  memset((char *)packed + HEADER_SIZE, input_zero_point, p.zeros_size);
  header h = {0};
  size_t per_group = p.out_c * p.in_c * (size_t)s->kernel_h * (size_t)s->kernel_w;
  for (size_t g = 0; g < p.groups; g++) {
    char *group = (char *)packed + HEADER_SIZE + p.zeros_size + g * p.group_size;
    for (size_t b = 0; b < p.blocks; b++)
      h.is_wild |= pack_block(isa, &p, s, first_vector(&p, b) * p.lanes, block_vectors(&p, b), weights + g * per_group,
                              bias ? bias + g * p.out_c : NULL, multiplier + g * p.out_c, input_zero_point,
                              group + block_offset(isa, &p, b));
  }
  memcpy(packed, &h, sizeof h);
}

size_t igemm_s8_units(const igemm_isa *isa, const ck_conv_shape *shape) {
  plan p = make_plan(isa, shape);
  return p.groups * (p.row_parts ? p.blocks * p.row_parts : p.tiles);
}

// Scratch: pointers [row][taps] of a chunk, then patches or converted rows.
typedef struct {
  const int8_t **pointers;
  int8_t *patches;
  char *converted;
} scratch_parts;

static size_t pointers_size(const plan *p) {
  return ck_round_up(p->chunk_tiles * p->tile_rows * p->taps * sizeof(void *), CK_ALIGN);
}
static size_t patches_size(const plan *p) {
  return p->whole_rows ? ck_round_up(p->chunk_tiles * p->tile_rows * p->taps * p->steps * IGEMM_STEP, CK_ALIGN) : 0;
}

size_t igemm_s8_scratch(const igemm_isa *isa, const ck_conv_shape *shape) {
  plan p = make_plan(isa, shape);
  size_t converted = p.chunk_tiles * p.tile_rows * p.taps * p.steps * isa->converted_step;
  return pointers_size(&p) + patches_size(&p) + ck_round_up(converted, CK_ALIGN);
}

void igemm_store_each(const igemm_isa *isa, size_t vectors, size_t rows, const int32_t *acc, const void *block,
                      const igemm_output *out) {
  const float *multiplier = igemm_multiplier(block, vectors * isa->lanes);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < vectors * isa->lanes; i++, acc++) {
      size_t column = igemm_column(vectors, i / isa->lanes, i % isa->lanes);
      if (column >= out->columns) continue;
      float t = (float)*acc * multiplier[i];
      if (out->f32)
        out->f32[r * out->stride + column] = t;
      else
        out->s8[r * out->stride + column] = ck_round_clamp(t, out->zero_point, out->lo, out->hi);
    }
}

// Everything a range of units needs.
typedef struct {
  const igemm_isa *isa;
  const ck_conv_shape *shape;
  plan plan;
  const char *packed;
  const ck_conv_s8_output *output;
  const int8_t *input;
  scratch_parts scratch;
  int is_wild;
  const int8_t *zeros;
  // The geometry of output pixels. A 1x1 convolution that moves pixel by pixel is one row of them.
  size_t out_w;
  int64_t stride_h, stride_w, pad_top, pad_left;
  // Windows of rows that start in [0, inner_h), and of pixels up to inner_end that do not start before 0, lie inside.
  int64_t inner_h;
  size_t inner_end;
  size_t row_step, column_step, pixel_step;  // bytes from a kernel row, kernel column, or output pixel to the next
} job;

static size_t tile_begin(const plan *p, size_t tile) {
  return tile * p->rows_each + ck_min(tile, p->rows_over);
}

// Points `count` pixels of one output row, whose windows lie inside the image, from their first pixel's first position.
static void point_inside(const job *j, const int8_t *first, size_t count, const int8_t **pointers, size_t stride) {
  const ck_conv_shape *s = j->shape;
  size_t columns = j->plan.whole_rows ? 1 : (size_t)s->kernel_w;
  for (int32_t ky = 0; ky < s->kernel_h; ky++, first += j->row_step)
    for (size_t kx = 0; kx < columns; kx++, pointers += stride)
      for (size_t i = 0; i < count; i++) pointers[i] = first + kx * j->column_step + i * j->pixel_step;
}

// Points one pixel, taps `stride` pointers apart, whose kernel positions are taps.
static void point_at_pixel(const job *j, const int8_t *input, int64_t y, int64_t x, const int8_t **pointers,
                           size_t stride) {
  const ck_conv_shape *s = j->shape;
  const int8_t *zeros = j->zeros;
  for (int32_t ky = 0; ky < s->kernel_h; ky++, y += s->dilation_h) {
    int row_inside = y >= 0 && y < s->in_h;
    const int8_t *row = input + (row_inside ? (size_t)y * (size_t)s->in_w * (size_t)s->in_c : 0);
    int64_t at = x;
    for (int32_t kx = 0; kx < s->kernel_w; kx++, at += s->dilation_w, pointers += stride) {
      int is_inside = row_inside && at >= 0 && at < s->in_w;
      *pointers = is_inside ? row + (size_t)at * (size_t)s->in_c : zeros;
    }
  }
}

// The same where kernel rows are taps; `patch` takes the rows that are not wholly inside.
static void point_at_rows(const job *j, const int8_t *input, int64_t y, int64_t x, const int8_t **pointers,
                          size_t stride, int8_t *patch) {
  const ck_conv_shape *s = j->shape;
  const int8_t *zeros = j->zeros;
  int64_t first = x < 0 ? -x : 0, last = s->in_w - x < s->kernel_w ? s->in_w - x : s->kernel_w;
  size_t channels = (size_t)s->in_c, size = j->plan.steps * IGEMM_STEP;
  for (int32_t ky = 0; ky < s->kernel_h; ky++, y += s->dilation_h, pointers += stride, patch += size) {
    if (y < 0 || y >= s->in_h || first >= last) {
      *pointers = zeros;
      continue;
    }
    const int8_t *row = input + (size_t)y * (size_t)s->in_w * channels;
    memcpy(patch, zeros, size);
    memcpy(patch + (size_t)first * channels, row + (size_t)(x + first) * channels, (size_t)(last - first) * channels);
    *pointers = patch;
  }
}

// Fills the pointers of tiles [begin, end), tile by tile as [tap][row].
static void point_at_tiles(const job *j, size_t group, size_t begin, size_t end) {
  const plan *p = &j->plan;
  const ck_conv_shape *s = j->shape;
  const int8_t *input = j->input + group * p->in_c;
  const int8_t **pointers = j->scratch.pointers;
  int8_t *patch = j->scratch.patches;
  size_t row = tile_begin(p, begin), patch_size = p->taps * p->steps * IGEMM_STEP;
  size_t ox = row % j->out_w, oy = row / j->out_w;
  for (size_t tile = begin; tile < end; tile++) {
    size_t rows = tile_begin(p, tile + 1) - tile_begin(p, tile);
    for (size_t r = 0; r < rows;) {
      int64_t y = (int64_t)oy * j->stride_h - j->pad_top, x = (int64_t)ox * j->stride_w - j->pad_left;
      size_t count = 1;
      if (y >= 0 && y < j->inner_h && x >= 0 && ox < j->inner_end) {
        count = ck_min(rows - r, j->inner_end - ox);
        const int8_t *first = input + ((size_t)y * (size_t)s->in_w + (size_t)x) * (size_t)s->in_c;
        point_inside(j, first, count, pointers + r, rows);
      } else if (p->whole_rows) {
        point_at_rows(j, input, y, x, pointers + r, rows, patch);
        patch += patch_size;
      } else {
        point_at_pixel(j, input, y, x, pointers + r, rows);
      }
      r += count;
      ox += count;
      if (ox == j->out_w) ox = 0, oy++;
    }
    pointers += rows * p->taps;
  }
}

// Converts the rows of tiles [begin, end) and points at the results instead: one tap, all steps.
static void convert_tiles(const job *j, size_t begin, size_t end) {
  const plan *p = &j->plan;
  const int8_t **from = j->scratch.pointers, **to = j->scratch.pointers;
  char *converted = j->scratch.converted;
  size_t tap_size = p->steps * j->isa->converted_step;
  for (size_t tile = begin; tile < end; tile++) {
    size_t rows = tile_begin(p, tile + 1) - tile_begin(p, tile);
    for (size_t tap = 0; tap < p->taps; tap++)
      for (size_t r = 0; r < rows; r++)
        j->isa->convert(p->steps, from[tap * rows + r], converted + (r * p->taps + tap) * tap_size);
    from += rows * p->taps;
    // `to` never overtakes `from`: a tile leaves one pointer a row where it had one for every tap.
    for (size_t r = 0; r < rows; r++) *to++ = (const int8_t *)(converted + r * p->taps * tap_size);
    converted += rows * p->taps * tap_size;
  }
}

static void prepare_tiles(const job *j, size_t group, size_t begin, size_t end) {
  point_at_tiles(j, group, begin, end);
  if (j->isa->convert) convert_tiles(j, begin, end);
}

// Tiles [begin, end) times one block of columns. The scratch describes tiles from `prepared` on.
static void multiply(const job *j, size_t group, size_t block, size_t prepared, size_t begin, size_t end) {
  const plan *p = &j->plan;
  const ck_requantize *r = j->output->requantize;
  size_t vectors = block_vectors(p, block), first = first_vector(p, block) * p->lanes;
  size_t taps = j->isa->convert ? 1 : p->taps, steps = j->isa->convert ? p->taps * p->steps : p->steps;
  const char *weights = j->packed + HEADER_SIZE + p->zeros_size + group * p->group_size + block_offset(j->isa, p, block);
  igemm_output out = {.is_plain = !j->is_wild && !j->output->f32,
                      .stride = (size_t)j->shape->out_c,
                      .columns = ck_min(vectors * p->lanes, p->out_c - first)};
  if (r) {
    out.zero_point = r->output_zero_point;
    out.lo = r->lo;
    out.hi = r->hi;
  }
  size_t origin = tile_begin(p, prepared);
  for (size_t tile = begin; tile < end; tile++) {
    size_t row = tile_begin(p, tile), rows = tile_begin(p, tile + 1) - row;
    size_t at = row * out.stride + group * p->out_c + first;
    out.s8 = j->output->s8 ? j->output->s8 + at : NULL;
    out.f32 = j->output->f32 ? j->output->f32 + at : NULL;
    j->isa->tiles[vectors - 1][rows - 1](taps, steps, j->scratch.pointers + (row - origin) * taps, weights, &out);
  }
}

static void look_up(const job *j, size_t row_begin, size_t row_end, size_t column_begin, size_t column_end) {
  const ck_requantize *r = j->output->requantize;
  if (!r || !r->lut) return;
  size_t stride = (size_t)j->shape->out_c, rows = row_end - row_begin, columns = column_end - column_begin;
  int8_t *y = j->output->s8 + row_begin * stride + column_begin;
  // Whole rows are one run.
  if (columns == stride) columns *= rows, rows = 1;
  j->isa->look_up(rows, columns, stride, r->lut, y);
}

// Units of a group are tiles, with all their columns.
static void run_rows(const job *j, size_t group, size_t begin, size_t end) {
  const plan *p = &j->plan;
  for (size_t chunk = begin; chunk < end; chunk += p->chunk_tiles) {
    size_t stop = ck_min(end, chunk + p->chunk_tiles);
    prepare_tiles(j, group, chunk, stop);
    for (size_t block = 0; block < p->blocks; block++) multiply(j, group, block, chunk, chunk, stop);
    look_up(j, tile_begin(p, chunk), tile_begin(p, stop), group * p->out_c, (group + 1) * p->out_c);
  }
}

// Units of a group are blocks of columns, each divided into `row_parts` ranges of tiles.
static void run_columns(const job *j, size_t group, size_t begin, size_t end) {
  const plan *p = &j->plan;
  prepare_tiles(j, group, 0, p->tiles);
  while (begin < end) {
    size_t block = begin / p->row_parts, part = begin % p->row_parts;
    size_t parts = ck_min(end - begin, p->row_parts - part);
    size_t from = part * p->tiles / p->row_parts, to = (part + parts) * p->tiles / p->row_parts;
    multiply(j, group, block, 0, from, to);
    size_t first = first_vector(p, block) * p->lanes, last = ck_min(first_vector(p, block + 1) * p->lanes, p->out_c);
    look_up(j, tile_begin(p, from), tile_begin(p, to), group * p->out_c + first, group * p->out_c + last);
    begin += parts;
  }
}

static void read_geometry(job *j) {
  const ck_conv_shape *s = j->shape;
  header h;
  memcpy(&h, j->packed, sizeof h);
  j->is_wild = h.is_wild;
  j->zeros = (const int8_t *)j->packed + HEADER_SIZE;
  j->stride_h = s->stride_h;
  j->stride_w = s->stride_w;
  j->pad_top = s->pad_top;
  j->pad_left = s->pad_left;
  j->column_step = (size_t)s->dilation_w * (size_t)s->in_c;
  j->row_step = (size_t)s->dilation_h * (size_t)s->in_w * (size_t)s->in_c;
  j->pixel_step = (size_t)s->stride_w * (size_t)s->in_c;
  int is_direct = s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 && s->pad_top == 0 &&
                  s->pad_left == 0 && s->out_h == s->in_h && s->out_w == s->in_w;
  if (is_direct) {
    j->out_w = j->inner_end = j->plan.rows;
    j->inner_h = 1;
    return;
  }
  j->out_w = (size_t)s->out_w;
  j->inner_h = s->in_h - (int64_t)(s->kernel_h - 1) * s->dilation_h;
  int64_t inner_w = s->in_w - (int64_t)(s->kernel_w - 1) * s->dilation_w + s->pad_left;
  j->inner_end = inner_w > 0 ? ck_min(j->out_w, ((size_t)inner_w - 1) / (size_t)s->stride_w + 1) : 0;
}

void igemm_s8_run(const igemm_isa *isa, const ck_conv_shape *s, const void *packed, const ck_conv_s8_output *output,
                  const int8_t *input, size_t begin, size_t end, void *scratch) {
  job j = {.isa = isa, .shape = s, .plan = make_plan(isa, s), .packed = packed, .output = output, .input = input};
  const plan *p = &j.plan;
  j.scratch.pointers = scratch;
  j.scratch.patches = (int8_t *)scratch + pointers_size(p);
  j.scratch.converted = (char *)scratch + pointers_size(p) + patches_size(p);
  read_geometry(&j);
  size_t per_group = p->row_parts ? p->blocks * p->row_parts : p->tiles;
  while (begin < end) {
    size_t group = begin / per_group, from = begin % per_group, to = ck_min(per_group, from + end - begin);
    (p->row_parts ? run_columns : run_rows)(&j, group, from, to);
    begin += to - from;
  }
}
