// Implicit-GEMM convolution: pointer tables and loop order. Arithmetic is in igemm_s8__<isa>.c.
#include "igemm_s8.h"

#include "common/contract.h"
#include "igemm_s8_plan.h"

size_t igemm_s8_units(const igemm_isa *isa, const ck_conv_shape *shape) {
  igemm_plan p = igemm_make_plan(isa, shape);
  return p.groups * (p.row_parts ? p.blocks * p.row_parts : p.tiles);
}

// Scratch: pointers [row][taps] of a chunk, then patches or converted rows.
typedef struct {
  const int8_t **pointers;
  int8_t *patches;
  char *converted;
} scratch_parts;

static size_t pointers_size(const igemm_plan *p) {
  return ck_round_up(p->chunk_tiles * p->tile_rows * p->taps * sizeof(void *), CK_ALIGN);
}
static size_t patches_size(const igemm_plan *p) {
  return p->whole_rows ? ck_round_up(p->chunk_tiles * p->tile_rows * p->taps * p->steps * p->step, CK_ALIGN) : 0;
}

size_t igemm_s8_scratch(const igemm_isa *isa, const ck_conv_shape *shape) {
  igemm_plan p = igemm_make_plan(isa, shape);
  size_t converted = p.chunk_tiles * p.tile_rows * p.taps * p.steps * isa->converted_step;
  return pointers_size(&p) + patches_size(&p) + ck_round_up(converted, CK_ALIGN);
}

// Everything a range of units needs.
typedef struct {
  const igemm_isa *isa;
  const ck_conv_shape *shape;
  igemm_plan plan;
  const char *packed;
  const ck_conv_s8_output *output;
  const int8_t *input;
  scratch_parts scratch;
  int is_wild, is_large, must_convert;
  const int8_t *zeros;
  // The geometry of output pixels. A 1x1 convolution that moves pixel by pixel is one row of them.
  size_t out_w;
  int64_t stride_h, stride_w, pad_top, pad_left;
  // Windows of rows that start in [0, inner_h), and of pixels up to inner_end that do not start before 0, lie inside.
  int64_t inner_h;
  size_t inner_end;
  size_t row_step, column_step, pixel_step;  // bytes from a kernel row, kernel column, or output pixel to the next
} job;

static size_t tile_begin(const igemm_plan *p, size_t tile) {
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
  size_t channels = (size_t)s->in_c, size = j->plan.steps * j->plan.step;
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
  const igemm_plan *p = &j->plan;
  const ck_conv_shape *s = j->shape;
  const int8_t *input = j->input + group * p->in_c;
  const int8_t **pointers = j->scratch.pointers;
  int8_t *patch = j->scratch.patches;
  size_t row = tile_begin(p, begin), patch_size = p->taps * p->steps * p->step;
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
  const igemm_plan *p = &j->plan;
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
  const igemm_plan *p = &j->plan;
  const ck_requantize *r = j->output->requantize;
  size_t vectors = igemm_block_vectors(p, block), first = igemm_first_vector(p, block) * p->lanes;
  size_t taps = j->isa->convert ? 1 : p->taps, steps = j->isa->convert ? p->taps * p->steps : p->steps;
  const char *weights = j->packed + IGEMM_HEADER_SIZE + p->zeros_size + group * p->group_size +
                        igemm_block_offset(j->isa, p, block);
  igemm_output out = {.is_plain = !j->is_wild && !j->output->f32,
                      .stride = (size_t)j->shape->out_c,
                      .columns = ck_min(vectors * p->lanes, p->out_c - first)};
  if (r) {
    out.zero_point = r->output_zero_point;
    out.lo = r->lo;
    out.hi = r->hi;
    out.is_floored = out.is_plain && !j->is_large && ck_is_floored(r);
    out.is_small = out.is_plain && !j->must_convert;
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
  const igemm_plan *p = &j->plan;
  for (size_t chunk = begin; chunk < end; chunk += p->chunk_tiles) {
    size_t stop = ck_min(end, chunk + p->chunk_tiles);
    prepare_tiles(j, group, chunk, stop);
    for (size_t block = 0; block < p->blocks; block++) multiply(j, group, block, chunk, chunk, stop);
    look_up(j, tile_begin(p, chunk), tile_begin(p, stop), group * p->out_c, (group + 1) * p->out_c);
  }
}

// Units of a group are blocks of columns, each divided into `row_parts` ranges of tiles.
static void run_columns(const job *j, size_t group, size_t begin, size_t end) {
  const igemm_plan *p = &j->plan;
  prepare_tiles(j, group, 0, p->tiles);
  while (begin < end) {
    size_t block = begin / p->row_parts, part = begin % p->row_parts;
    size_t parts = ck_min(end - begin, p->row_parts - part);
    size_t from = part * p->tiles / p->row_parts, to = (part + parts) * p->tiles / p->row_parts;
    multiply(j, group, block, 0, from, to);
    size_t first = igemm_first_vector(p, block) * p->lanes;
    size_t last = ck_min(igemm_first_vector(p, block + 1) * p->lanes, p->out_c);
    look_up(j, tile_begin(p, from), tile_begin(p, to), group * p->out_c + first, group * p->out_c + last);
    begin += parts;
  }
}

static void read_geometry(job *j) {
  const ck_conv_shape *s = j->shape;
  igemm_header h;
  memcpy(&h, j->packed, sizeof h);
  j->is_wild = h.is_wild;
  j->is_large = h.is_large;
  j->must_convert = h.must_convert;
  j->zeros = (const int8_t *)j->packed + IGEMM_HEADER_SIZE;
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
  assert(ck_is_shape(s) && packed && output && input && ck_is_aligned(scratch));
  assert(ck_is_range(begin, end, igemm_s8_units(isa, s)));
  job j = {.isa = isa, .shape = s, .plan = igemm_make_plan(isa, s), .packed = packed, .output = output, .input = input};
  const igemm_plan *p = &j.plan;
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
