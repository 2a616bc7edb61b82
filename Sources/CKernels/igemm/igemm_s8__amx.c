// Implicit-GEMM convolution in AMX tiles. Output pixels are rows of a matrix product, output channels its columns.
//
// A step multiplies 2 x 2 tiles: accumulators of 2 times up to 16 rows by 2 times 16 columns, 2 tiles of input and 2 of
// weights, which makes the 8 tiles there are. 4 tile loads serve 4 products, and a product takes as long as two loads.
// All tiles of a layer have one size, so it is configured once a run: where rows, or bytes of a tap, do not fill whole
// tiles, all are made a little smaller, and the last tile of rows overlaps the one before it. A tile of weights is one
// run of up to 1 KB. Both operands are signed, so nothing is made unsigned.
//
// Input tiles need rows equally far apart. They are read from the image itself where all windows lie inside; otherwise
// the image rows a chunk needs are copied with their padding, once for all taps and columns. Tiles stay in an output
// row, or, where rows are short, run on over the padding to the next row and compute a few pixels in vain.
//
// Accumulators pass through memory on their way to vector registers. Each block is requantized while the next one
// multiplies, a few rows a step, so that both units have something to do.
//
// Results were checked on a software model of AMX (Tests/CAMXModel), speed was not: chunk sizes, tile rows and
// amx_suits rest on published latencies and on one measurement of the product loop.
#if defined(__x86_64__)
#include "igemm_s8__amx_plan.h"

#include <immintrin.h>

#include "common/compile.h"
#include "common/contract.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF
#ifdef CK_AMX_MODEL
COMPILE_FOR(AVX512VNNI)
enum { NEEDS = NEEDS_AVX512VNNI };
#else
COMPILE_FOR(AMX)
enum { NEEDS = NEEDS_AMX };
#endif

#include "requantize/requantize__avx512.h"

// Tiles, [row][column] the accumulators.
enum { C00, C01, C10, C11, A0, A1, B0, B1 };

static size_t units(const ck_conv_shape *s) {
  amx_plan p = amx_make_plan(s);
  return p.parts * p.pairs;
}

// Two tiles of rows, and which of their results are wanted: the accumulator row and the output pixel of each.
typedef struct {
  size_t tiles, count;
  const int8_t *first[2];  // under the first row's first tap
  size_t pixel[PAIR_ROWS];
  uint8_t row[PAIR_ROWS];
} row_pair;

// Scratch: accumulators of a block, the pairs of a chunk, a padded copy. Positions computed in vain at the end of
// the last row read on for less than a window.
enum { ACCUMULATORS_SIZE = PAIR_ROWS * BLOCK_COLUMNS * sizeof(int32_t) };

static size_t pairs_size(const amx_plan *p) { return ck_round_up(p->chunk_pairs * sizeof(row_pair), CK_ALIGN); }
static size_t padded_size(const ck_conv_shape *s, const amx_plan *p) {
  if (!p->is_padded) return 0;
  return ck_round_up((p->chunk_rows * p->pitch + p->span_w) * (size_t)s->in_c + CK_PAD, CK_ALIGN);
}
static size_t scratch(const ck_conv_shape *s) {
  amx_plan p = amx_make_plan(s);
  return ACCUMULATORS_SIZE + pairs_size(&p) + padded_size(s, &p);
}

// A block multiplied but not yet requantized: rows [done, count) are left. `pace` of them with each step of the next
// block make all of them done when it stores its own accumulators.
typedef struct {
  const row_pair *pair;
  const float *multiplier;
  size_t vectors, first_channel, columns;
  size_t done, count, pace;
} pending;

// Everything a range of units needs.
typedef struct {
  const ck_conv_shape *shape;
  amx_plan plan;
  const char *packed;
  const ck_conv_s8_output *output;
  const int8_t *input;
  int is_plain;  // int8, and every scaled accumulator is within int32
  size_t row_step, column_step, position_step;  // bytes from a kernel row, kernel column, or position to the next
  int32_t *acc;  // [PAIR_ROWS][BLOCK_COLUMNS]
  row_pair *pairs;
  int8_t *padded;
  size_t prepared_begin, prepared_end;  // pairs
  size_t pixel_begin, pixel_end;        // outputs of the pairs prepared
  pending pending;
} job;

// Copies image rows [begin, end), counted from the top padding's first, with all padding around them.
static void copy_padded(const job *j, size_t begin, size_t end) {
  const ck_conv_shape *s = j->shape;
  size_t in_c = (size_t)s->in_c, pitch = j->plan.pitch, zero = (size_t)(uint8_t)j->output->input_zero_point;
  size_t left = ck_min((size_t)s->pad_left, pitch), inside = ck_min((size_t)s->in_w, pitch - left);
  int8_t *to = j->padded;
  for (size_t y = begin; y < end; y++, to += pitch * in_c) {
    if (y < (size_t)s->pad_top || y - (size_t)s->pad_top >= (size_t)s->in_h) {
      memset(to, (int)zero, pitch * in_c);
      continue;
    }
    memset(to, (int)zero, left * in_c);
    memcpy(to + left * in_c, j->input + (y - (size_t)s->pad_top) * (size_t)s->in_w * in_c, inside * in_c);
    memset(to + (left + inside) * in_c, (int)zero, (pitch - left - inside) * in_c);
  }
}

static size_t first_position(const amx_plan *p, size_t tile) {
  return ck_min(tile % p->line_tiles * p->tile_rows, p->line_positions - p->tile_rows);
}

// Makes the rows of pairs [begin, end) ready for any block.
static void prepare(job *j, size_t begin, size_t end) {
  if (begin == j->prepared_begin && end == j->prepared_end) return;
  const amx_plan *p = &j->plan;
  size_t out_w = (size_t)j->shape->out_w, stride_h = (size_t)j->shape->stride_h;
  size_t first = 2 * begin, last = ck_min(2 * end, p->tiles) - 1;
  size_t row_size = p->pitch * (size_t)j->shape->in_c, top = 0;
  const int8_t *image = j->input;
  if (p->is_padded) {
    top = (first / p->line_tiles + first_position(p, first) / p->row_positions) * stride_h;
    size_t end_row = last / p->line_tiles + (first_position(p, last) + p->tile_rows - 1) / p->row_positions;
    copy_padded(j, top, end_row * stride_h + p->span_h);
    image = j->padded;
  }
  j->pixel_begin = SIZE_MAX;
  j->pixel_end = 0;
  for (size_t tile = first; tile <= last; tile++) {
    row_pair *pair = j->pairs + (tile / 2 - begin);
    if (tile % 2 == 0) pair->tiles = pair->count = 0;
    size_t line = tile / p->line_tiles, start = first_position(p, tile);
    pair->first[pair->tiles] = image + (line * stride_h * row_size + start * j->position_step - top * row_size);
    size_t wanted = tile % p->line_tiles * p->tile_rows;
    size_t oy = line + wanted / p->row_positions, ox = wanted % p->row_positions;
    for (size_t r = wanted - start; r < p->tile_rows; oy++) {
      size_t pixel = oy * out_w + ox, count = ox < out_w ? ck_min(out_w - ox, p->tile_rows - r) : 0;
      for (size_t i = 0; i < count; i++) {
        pair->row[pair->count + i] = (uint8_t)(pair->tiles * AMX_ROWS + r + i);
        pair->pixel[pair->count + i] = pixel + i;
      }
      if (count > 0) j->pixel_begin = ck_min(j->pixel_begin, pixel), j->pixel_end = pixel + count;
      pair->count += count;
      r += p->row_positions - ox;
      ox = 0;
    }
    pair->tiles++;
  }
  j->prepared_begin = begin;
  j->prepared_end = end;
}

// Stores part `i` of four rows of one vector, or two of two.
ALWAYS void store_part(size_t vectors, size_t i, int8_t *y, size_t columns, __m512i bytes) {
  if (vectors == 2) {
    __m256i part = i == 0 ? _mm512_castsi512_si256(bytes) : _mm512_extracti64x4_epi64(bytes, 1);
    if (columns == 2 * COLUMNS)
      _mm256_storeu_si256((__m256i *)y, part);
    else
      _mm256_mask_storeu_epi8(y, (__mmask32)((1ull << columns) - 1), part);
    return;
  }
  __m128i part = i == 0   ? _mm512_castsi512_si128(bytes)
                 : i == 1 ? _mm512_extracti32x4_epi32(bytes, 1)
                 : i == 2 ? _mm512_extracti32x4_epi32(bytes, 2)
                          : _mm512_extracti32x4_epi32(bytes, 3);
  if (columns == COLUMNS)
    _mm_storeu_si128((__m128i *)y, part);
  else
    _mm_mask_storeu_epi8(y, (__mmask16)((1u << columns) - 1), part);
}

// Requantizes rows [begin, end), as many together as fill one narrowing: it takes four vectors.
ALWAYS void requantize_rows(size_t vectors, const job *j, const pending *f, size_t begin, size_t end) {
  const ck_requantize *r = j->output->requantize;
  const requantize_512 q = requantize_512_make(r->output_zero_point, r->lo, r->hi);
  // Narrowing leaves fours of lanes of its operands by turns.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const row_pair *pair = f->pair;
  size_t together = 4 / vectors, stride = (size_t)j->shape->out_c, columns = f->columns;
  int8_t *y = j->output->s8 + f->first_channel;
  __m512 m[2];
  UNROLL for (size_t v = 0; v < vectors; v++) m[v] = _mm512_loadu_ps(f->multiplier + v * COLUMNS);
  for (size_t i = begin; i < end; i += together) {
    __m512i rounded[4];
    UNROLL for (size_t n = 0; n < 4; n++) {
      size_t v = n % vectors, row = pair->row[ck_min(i + n / vectors, end - 1)];
      __m512i acc = _mm512_load_si512(j->acc + row * BLOCK_COLUMNS + v * COLUMNS);
      rounded[n] = requantize_512_round(_mm512_mul_ps(_mm512_cvtepi32_ps(acc), m[v]));
    }
    __m512i bytes = _mm512_permutexvar_epi32(
        order, requantize_512_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q));
    UNROLL for (size_t n = 0; n < together; n++)
      if (i + n < end) store_part(vectors, n, y + pair->pixel[i + n] * stride, columns, bytes);
  }
}

// Writes results one by one, whatever they are: float32, or int8 beyond int32.
static void store_each(const job *j, const pending *f, size_t begin, size_t end) {
  const ck_conv_s8_output *out = j->output;
  const ck_requantize *r = out->requantize;
  for (size_t i = begin; i < end; i++) {
    const int32_t *acc = j->acc + f->pair->row[i] * BLOCK_COLUMNS;
    size_t at = f->pair->pixel[i] * (size_t)j->shape->out_c + f->first_channel;
    for (size_t c = 0; c < f->columns; c++) {
      float t = (float)acc[c] * f->multiplier[c];
      if (out->f32)
        out->f32[at + c] = t;
      else
        out->s8[at + c] = ck_round_clamp(t, r->output_zero_point, r->lo, r->hi);
    }
  }
}

// Brings the pending block `rows` further.
static void finish(job *j, size_t rows) {
  pending *f = &j->pending;
  size_t begin = f->done, end = ck_min(f->count, begin + rows);
  f->done = end;
  if (begin == end) return;
  if (!j->is_plain)
    store_each(j, f, begin, end);
  else if (f->vectors == 2)
    requantize_rows(2, j, f, begin, end);
  else
    requantize_rows(1, j, f, begin, end);
}

// Multiplies one or two tiles of rows by one or two of columns.
ALWAYS void multiply(size_t rows, size_t columns, job *j, const row_pair *pair, size_t channel, const int32_t *bias) {
  const amx_plan *p = &j->plan;
  const size_t tile_size = amx_tile_size(p), stride = j->position_step;
  const int8_t *weights = (const int8_t *)bias + columns * COLUMNS * COLUMN_HEAD;
  // Rows 0 bytes apart are the same row.
  amx_load(C00, bias, 0);
  if (columns == 2) amx_load(C01, bias + COLUMNS, 0);
  if (rows == 2) amx_load(C10, bias, 0);
  if (rows == 2 && columns == 2) amx_load(C11, bias + COLUMNS, 0);
  for (size_t ky = 0; ky < p->tap_rows; ky++) {
    for (size_t kx = 0; kx < p->tap_columns; kx++) {
      size_t at = ky * j->row_step + kx * j->column_step + channel;
      for (size_t step = 0; step < p->steps; step++, at += p->width, weights += columns * tile_size) {
        amx_load(A0, pair->first[0] + at, stride);
        amx_load(B0, weights, AMX_ROW_SIZE);
        amx_dot(C00, A0, B0);
        if (columns == 2) {
          amx_load(B1, weights + tile_size, AMX_ROW_SIZE);
          amx_dot(C01, A0, B1);
        }
        if (rows == 2) {
          amx_load(A1, pair->first[1] + at, stride);
          amx_dot(C10, A1, B0);
          if (columns == 2) amx_dot(C11, A1, B1);
        }
        if (j->pending.done < j->pending.count) finish(j, j->pending.pace);
      }
    }
  }
  int32_t *acc = j->acc;
  const size_t acc_stride = BLOCK_COLUMNS * sizeof *acc;
  amx_store(C00, acc, acc_stride);
  if (columns == 2) amx_store(C01, acc + COLUMNS, acc_stride);
  if (rows == 2) amx_store(C10, acc + AMX_ROWS * BLOCK_COLUMNS, acc_stride);
  if (rows == 2 && columns == 2) amx_store(C11, acc + AMX_ROWS * BLOCK_COLUMNS + COLUMNS, acc_stride);
}

// One pair of tiles times one block; requantizes the block before it.
static void multiply_block(job *j, const row_pair *pair, size_t block) {
  const amx_plan *p = &j->plan;
  size_t columns = amx_block_columns(p, block), channel = block / p->group_blocks * p->in_c;
  const int32_t *packed = (const int32_t *)(j->packed + amx_block_offset(p, block));
  if (columns == 2 && pair->tiles == 2)
    multiply(2, 2, j, pair, channel, packed);
  else if (columns == 2)
    multiply(1, 2, j, pair, channel, packed);
  else if (pair->tiles == 2)
    multiply(2, 1, j, pair, channel, packed);
  else
    multiply(1, 1, j, pair, channel, packed);
  size_t first = amx_first_channel(p, block), steps = p->tap_rows * p->tap_columns * p->steps;
  j->pending = (pending){.pair = pair,
                         .multiplier = (const float *)packed + columns * COLUMNS,
                         .vectors = columns,
                         .first_channel = first,
                         .columns = amx_last_channel(p, block) - first,
                         .count = pair->count,
                         .pace = ck_round_up(ck_ceil_div(pair->count, steps), 4)};
}

static void look_up(const job *j, size_t first_channel, size_t last_channel) {
  const ck_requantize *r = j->output->requantize;
  if (!r || !r->lut || j->pixel_begin >= j->pixel_end) return;
  size_t stride = (size_t)j->shape->out_c, rows = j->pixel_end - j->pixel_begin;
  size_t columns = last_channel - first_channel;
  int8_t *y = j->output->s8 + j->pixel_begin * stride + first_channel;
  // Whole rows are one run.
  if (columns == stride) columns *= rows, rows = 1;
  ck_lut_rows_s8__avx512(rows, columns, stride, r->lut, y);
}

// Pairs [begin, end) times blocks [first, last).
static void run_part(job *j, size_t first, size_t last, size_t begin, size_t end) {
  const amx_plan *p = &j->plan;
  for (size_t chunk = begin; chunk < end; chunk += p->chunk_pairs) {
    size_t stop = ck_min(end, chunk + p->chunk_pairs);
    prepare(j, chunk, stop);
    for (size_t block = first; block < last; block++)
      for (size_t pair = 0; pair < stop - chunk; pair++) multiply_block(j, j->pairs + pair, block);
    finish(j, PAIR_ROWS);
    look_up(j, amx_first_channel(p, first), amx_last_channel(p, last - 1));
  }
}

static void configure(const amx_plan *p) {
  amx_configuration c = {.palette = AMX_PALETTE};
  for (size_t tile = C00; tile <= B1; tile++) {
    int is_input = tile == A0 || tile == A1, is_weights = tile == B0 || tile == B1;
    c.row_size[tile] = (uint16_t)(is_input ? p->width : AMX_ROW_SIZE);
    c.rows[tile] = (uint8_t)(is_weights ? p->width / 4 : p->tile_rows);
  }
  amx_configure(&c);
}

static void run(const ck_conv_shape *s, const void *packed, const ck_conv_s8_output *output, const int8_t *input,
                size_t begin, size_t end, void *scratch) {
  assert(ck_is_shape(s) && amx_fits(s) && packed && output && input && ck_is_aligned(scratch));
  assert(ck_is_range(begin, end, units(s)));
  job j = {.shape = s, .plan = amx_make_plan(s), .packed = packed, .output = output, .input = input};
  const amx_plan *p = &j.plan;
  amx_header h;
  memcpy(&h, packed, sizeof h);
  j.is_plain = !h.is_wild && !output->f32;
  j.column_step = (size_t)s->dilation_w * (size_t)s->in_c;
  j.row_step = (size_t)s->dilation_h * p->pitch * (size_t)s->in_c;
  j.position_step = (size_t)s->stride_w * (size_t)s->in_c;
  j.acc = scratch;
  j.pairs = (row_pair *)((char *)scratch + ACCUMULATORS_SIZE);
  j.padded = (int8_t *)j.pairs + pairs_size(p);
  configure(p);
  // Units are pairs, part by part.
  while (begin < end) {
    size_t part = begin / p->pairs, from = begin % p->pairs, to = ck_min(p->pairs, from + end - begin);
    run_part(&j, part * p->blocks / p->parts, (part + 1) * p->blocks / p->parts, from, to);
    begin += to - from;
  }
  amx_release();
}

const ck_conv_s8_kernel ck_igemm_s8__amx = {
    .name = "igemm_s8__amx",
    .needs = NEEDS,
    .fits = amx_fits,
    .suits = amx_suits,
    .packed_size = amx_packed_size,
    .pack = amx_pack,
    .units = units,
    .scratch = scratch,
    .run = run,
};

END_COMPILE_FOR
#endif
