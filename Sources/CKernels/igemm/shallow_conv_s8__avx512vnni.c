// Convolutions with short sums: 1x1 with few input channels, and windows of few bytes, as first layers have. Turning
// sums into int8 takes about as long here as making them, by other execution units: each tile is requantized, part by
// part, between the multiplications of the next.
//
// A tile is a few rows (output pixels) times a block of columns (output channels), a panel a run of rows times a block.
// Rows are read where they lie, or as windows copied to scratch.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "common/contract.h"
#include "igemm_s8_isa.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX512VNNI)

#include "columns__avx512.h"
#include "requantize/requantize__avx512.h"

enum { LANES = 16, MAX_VECTORS = 4, MAX_ROWS = 8, MIN_STEPS = 4, MAX_SUM = 192, MAX_RUN = 16, PANEL_ROWS = 48 };

typedef struct {
  size_t run, runs, row_size;  // bytes of a kernel row, their number, and bytes from one copied row to the next; or
  int is_direct;               // rows are read where they lie
  size_t sum, steps;           // bytes of a row, read in steps of 4
  size_t channels, vectors, blocks;
  size_t block_vector_size;  // bytes of a vector of columns
  size_t rows, panels;
} plan;

static plan make_plan(const ck_conv_shape *s) {
  plan p = {.channels = (size_t)s->out_c, .rows = (size_t)s->out_h * (size_t)s->out_w};
  p.is_direct = s->kernel_h == 1 && s->kernel_w == 1;
  p.run = (size_t)s->in_c * (size_t)s->kernel_w;
  p.runs = (size_t)s->kernel_h;
  p.sum = p.run * p.runs;
  p.steps = ck_max(MIN_STEPS, ck_ceil_div(p.sum, IGEMM_STEP));
  p.row_size = ck_round_up(ck_max(p.run * (p.runs - 1) + MAX_RUN, p.steps * IGEMM_STEP), IGEMM_STEP);
  p.vectors = ck_ceil_div(p.channels, LANES);
  p.blocks = ck_ceil_div(p.vectors, MAX_VECTORS);
  p.block_vector_size = LANES * (2 * sizeof(int32_t) + 2 * sizeof(float) + p.steps * IGEMM_STEP);
  p.panels = ck_ceil_div(p.rows, PANEL_ROWS);
  return p;
}

static size_t first_vector(const plan *p, size_t block) { return block * p->vectors / p->blocks; }
static size_t panel_begin(const plan *p, size_t panel) { return panel * p->rows / p->panels; }

// A packed block: of every vector a part each, then weights [step][vector][lane][4].
typedef struct {
  const int32_t *bias, *floor_bias;       // the latter with REQUANTIZE_512_FLOOR
  const float *multiplier, *floor_offset;
  const int8_t *weights;
} block;

static block block_at(const void *at, size_t vectors) {
  const int32_t *words = at;
  size_t width = vectors * LANES;
  block b = {words, words + width, (const float *)(words + 2 * width), (const float *)(words + 3 * width),
             (const int8_t *)(words + 4 * width)};
  return b;
}

typedef struct {
  int32_t is_wild, is_large;
  int8_t zero_point;
} header;
enum { HEADER_SIZE = CK_ALIGN };

static int fits(const ck_conv_shape *s) {
  if (s->groups != 1 || s->dilation_w != 1 || s->out_w < 4) return 0;
  if (s->kernel_h == 1 && s->kernel_w == 1)
    return s->in_c <= MAX_SUM && s->stride_h == 1 && s->stride_w == 1 && s->pad_top == 0 && s->pad_left == 0 &&
           s->out_h == s->in_h && s->out_w == s->in_w;
  return s->in_c <= MAX_RUN && s->kernel_w <= MAX_RUN && s->kernel_h <= MAX_SUM && s->in_c * s->kernel_w <= MAX_RUN &&
         s->in_c * s->kernel_w * s->kernel_h <= MAX_SUM;
}

static size_t packed_size(const ck_conv_shape *s) {
  plan p = make_plan(s);
  return HEADER_SIZE + p.vectors * p.block_vector_size;
}

static void pack(const ck_conv_shape *s, const int8_t *weights, const int32_t *bias, const float *multiplier,
                 int32_t input_zero_point, void *packed) {
  plan p = make_plan(s);
  memset(packed, 0, packed_size(s));
  header *h = packed;
  h->zero_point = (int8_t)input_zero_point;
  size_t in_c = (size_t)s->in_c, area = p.sum / in_c;
  for (size_t index = 0; index < p.blocks; index++) {
    size_t first = first_vector(&p, index), vectors = first_vector(&p, index + 1) - first;
    block b = block_at((char *)packed + HEADER_SIZE + first * p.block_vector_size, vectors);
    for (size_t i = 0; i < vectors * LANES; i++) {
      size_t column = first * LANES + igemm_column(vectors, i / LANES, i % LANES);
      if (column >= p.channels) continue;
      const int8_t *w = weights + column * p.sum;
      int32_t own = bias ? bias[column] : 0;
      int32_t folded = ck_fold_bias(own, ck_sum_of_weights(p.sum, w), input_zero_point, 128);
      ((int32_t *)b.bias)[i] = folded;
      ((int32_t *)b.floor_bias)[i] = (int32_t)((uint32_t)folded + REQUANTIZE_512_FLOOR);
      ((float *)b.multiplier)[i] = multiplier[column];
      ((float *)b.floor_offset)[i] = -8388608.0f * multiplier[column];
      h->is_wild |= ck_is_wild(own, p.sum, multiplier[column]);
      h->is_large |= !ck_can_floor(ck_largest_sum(own, p.sum, w), multiplier[column]);
      // From [channel][position] to [position][channel].
      for (size_t k = 0; k < p.sum; k++)
        ((int8_t *)b.weights)[(k / IGEMM_STEP * vectors * LANES + i) * IGEMM_STEP + k % IGEMM_STEP] =
            w[k % in_c * area + k / in_c];
    }
  }
}

static size_t units(const ck_conv_shape *s) {
  plan p = make_plan(s);
  return p.panels * p.blocks;
}

static size_t scratch(const ck_conv_shape *s) {
  plan p = make_plan(s);
  return p.is_direct ? 0 : PANEL_ROWS * p.row_size;
}

// Writes the accumulators [row][vector][lane] of rows one by one, whatever they are.
static void store_each(size_t vectors, size_t rows, const int32_t *acc, const float *multiplier,
                       const igemm_output *out, size_t first) {
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < vectors * LANES; i++, acc++) {
      size_t column = igemm_column(vectors, i / LANES, i % LANES);
      if (column >= out->columns) continue;
      float t = (float)*acc * multiplier[i];
      size_t at = (first + r) * out->stride + column;
      if (out->f32)
        out->f32[at] = t;
      else
        out->s8[at] = ck_round_clamp(t, out->zero_point, out->lo, out->hi);
    }
}

// Requantizes and stores row `r` of a tile and those that are narrowed with it; `first` is the tile's first row.
ALWAYS void finish(size_t vectors, size_t rows, size_t r, int is_floored, __m512i acc[MAX_ROWS][MAX_VECTORS],
                   const block *b, const igemm_output *out, requantize_512 q, size_t first, size_t last) {
  size_t together = rows_together(vectors);
  if (!is_floored && __builtin_expect(!out->is_plain, 0)) {
    int32_t all[4 * LANES];
    UNROLL for (size_t i = 0; i < together; i++) {
      UNROLL for (size_t v = 0; v < vectors; v++) _mm512_storeu_si512(all + v * LANES, acc[r + i][v]);
      store_each(vectors, 1, all, b->multiplier, out, ck_min(first + r + i, last));
    }
    return;
  }
  __m512i rounded[4];
  UNROLL for (size_t i = 0; i < 4; i++) {
    size_t from = r + i / vectors, v = i % vectors;
    if (from >= rows || i >= together * vectors) {
      rounded[i] = rounded[0];
      continue;
    }
    __m512 m = _mm512_loadu_ps(b->multiplier + v * LANES);
    rounded[i] = is_floored
                     ? requantize_512_round_floored(acc[from][v], m, _mm512_loadu_ps(b->floor_offset + v * LANES))
                     : requantize_512_round(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[from][v]), m));
  }
  __m512i narrow = is_floored ? requantize_512_narrow_floored(rounded[0], rounded[1], rounded[2], rounded[3])
                              : requantize_512_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q);
  __m512i bytes = gather_rows(vectors, narrow);
  UNROLL for (size_t i = 0; i < together; i++)
    store_row(vectors, out->s8 + ck_min(first + r + i, last) * out->stride, out->columns,
              row_part(vectors, i, bytes));
}

ALWAYS void multiply(size_t vectors, size_t rows, const int8_t *const x[MAX_ROWS], const int8_t *weights, __m512i flip,
                     __m512i acc[MAX_ROWS][MAX_VECTORS]) {
  __m512i w[MAX_VECTORS];
  UNROLL for (size_t v = 0; v < vectors; v++) w[v] = _mm512_loadu_si512(weights + v * 64);
  UNROLL for (size_t r = 0; r < rows; r++) {
    int32_t four;
    memcpy(&four, x[r], sizeof four);
    __m512i u = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
    UNROLL for (size_t v = 0; v < vectors; v++) acc[r][v] = _mm512_dpbusd_epi32(acc[r][v], u, w[v]);
  }
  // Keeps the compiler from moving all this behind what follows.
  UNROLL for (size_t i = 0; i < rows * vectors; i++) __asm__ volatile("" : "+v"(acc[i / vectors][i % vectors]));
}

// `count` rows, `x_step` bytes apart, times a block. The last tile may overlap the one before; of fewer rows than a
// tile the last one is taken again.
ALWAYS void panel(size_t vectors, size_t rows, int is_floored, size_t steps, const int8_t *x, size_t x_step,
                  size_t count, const block *b_in, const igemm_output *out_in) {
  const block b_copy = *b_in, *b = &b_copy;
  const igemm_output out_copy = *out_in, *out = &out_copy;
  const requantize_512 q = requantize_512_make(out->zero_point, out->lo, out->hi);
  const int32_t *bias = is_floored ? b->floor_bias : b->bias;
  const size_t last = count - 1, parts = rows / rows_together(vectors);
  __m512i flip = _mm512_set1_epi8((char)0x80);
  // Keeps the compiler from flipping scalars (see igemm_s8__avx512vnni.c).
  __asm__("" : "+v"(flip));
  __m512i acc[MAX_ROWS][MAX_VECTORS], done[MAX_ROWS][MAX_VECTORS];
  size_t first = 0, before = 0;
  for (size_t begin = 0; begin < count; begin += rows) {
    first = begin + rows <= count || begin == 0 ? begin : count - rows;
    const int8_t *at[MAX_ROWS], *weights = b->weights;
    UNROLL for (size_t r = 0; r < rows; r++) at[r] = x + ck_min(first + r, last) * x_step;
    UNROLL for (size_t v = 0; v < vectors; v++)
      UNROLL for (size_t r = 0; r < rows; r++) acc[r][v] = _mm512_loadu_si512(bias + v * LANES);
    size_t step = 0;
    if (begin > 0) {
      UNROLL for (size_t i = 0; i < parts; i++) {
        multiply(vectors, rows, at, weights + i * vectors * 64, flip, acc);
        finish(vectors, rows, i * rows_together(vectors), is_floored, done, b, out, q, before, last);
        UNROLL for (size_t r = 0; r < rows; r++) at[r] += IGEMM_STEP;
      }
      step = parts;
    }
    for (; step < steps; step++) {
      multiply(vectors, rows, at, weights + step * vectors * 64, flip, acc);
      UNROLL for (size_t r = 0; r < rows; r++) at[r] += IGEMM_STEP;
    }
    UNROLL for (size_t i = 0; i < rows * vectors; i++) done[i / vectors][i % vectors] = acc[i / vectors][i % vectors];
    before = first;
  }
  UNROLL for (size_t i = 0; i < parts; i++)
    finish(vectors, rows, i * rows_together(vectors), is_floored, done, b, out, q, before, last);
}

#define PANEL(vectors, rows)                                                                                        \
  static void panel_##vectors(size_t steps, const int8_t *x, size_t x_step, size_t count, const block *b,            \
                              const igemm_output *out) {                                                             \
    if (out->is_floored)                                                                                             \
      panel(vectors, rows, 1, steps, x, x_step, count, b, out);                                                      \
    else                                                                                                             \
      panel(vectors, rows, 0, steps, x, x_step, count, b, out);                                                      \
  }
PANEL(1, 8)
PANEL(2, 6)
PANEL(3, 4)
PANEL(4, 3)

typedef void (*panel_function)(size_t steps, const int8_t *x, size_t x_step, size_t count, const block *b,
                               const igemm_output *out);
static const panel_function panels[] = {panel_1, panel_2, panel_3, panel_4};

// Copies `count` windows that lie inside the image. What follows a kernel row is not read, since another thread may be
// writing it where the image ends there; the zeros in its place the next row overwrites, or no weight meets.
ALWAYS void copy_inside(size_t runs, size_t run, const int8_t *from, size_t run_step, size_t pixel_step, size_t count,
                        int8_t *to, size_t row_size) {
  const __mmask16 row = (__mmask16)((1u << run) - 1);
  for (size_t i = 0; i < count; i++, from += pixel_step, to += row_size)
    for (size_t r = 0; r < runs; r++) {
      __m128i bytes = _mm_maskz_loadu_epi8(row, from + r * run_step);
      _mm_storeu_si128((__m128i *)(void *)(to + r * run), bytes);
    }
}

// Copies one window, zero points where it is outside the image.
static void copy_border(const ck_conv_shape *s, const plan *p, int8_t zero_point, const int8_t *input, int64_t top,
                        int64_t left, int8_t *to) {
  size_t channels = (size_t)s->in_c, row_size = (size_t)s->in_w * channels;
  int64_t begin = left < 0 ? -left : 0, end = s->in_w - left < s->kernel_w ? s->in_w - left : s->kernel_w;
  memset(to, zero_point, p->row_size);
  for (int64_t r = 0; r < s->kernel_h && begin < end; r++) {
    int64_t y = top + r * s->dilation_h;
    if (y < 0 || y >= s->in_h) continue;
    memcpy(to + (size_t)r * p->run + (size_t)begin * channels,
           input + (size_t)y * row_size + (size_t)(left + begin) * channels, (size_t)(end - begin) * channels);
  }
}

// Copies the windows of `count` output pixels from pixel `first` on.
static void copy_windows(const ck_conv_shape *s, const plan *p, int8_t zero_point, const int8_t *input, size_t first,
                         size_t count, int8_t *to) {
  size_t out_w = (size_t)s->out_w, channels = (size_t)s->in_c, row_size = (size_t)s->in_w * channels;
  size_t oy = first / out_w, ox = first % out_w;
  size_t run_step = (size_t)s->dilation_h * row_size, pixel_step = (size_t)s->stride_w * channels;
  // Windows of pixels up to `inner` that do not start before column 0 do not end behind the last.
  int64_t widest = s->in_w + s->pad_left - s->kernel_w;
  size_t inner = widest < 0 ? 0 : (size_t)(widest / s->stride_w) + 1;
  while (count > 0) {
    int64_t top = (int64_t)oy * s->stride_h - s->pad_top, left = (int64_t)ox * s->stride_w - s->pad_left;
    int64_t bottom = top + (int64_t)(s->kernel_h - 1) * s->dilation_h;
    size_t copied = 1;
    if (top >= 0 && bottom < s->in_h && left >= 0 && ox < inner) {
      copied = ck_min(count, ck_min(inner, out_w) - ox);
      const int8_t *from = input + (size_t)top * row_size + (size_t)left * channels;
      if (p->runs == 3)
        copy_inside(3, p->run, from, run_step, pixel_step, copied, to, p->row_size);
      else
        copy_inside(p->runs, p->run, from, run_step, pixel_step, copied, to, p->row_size);
    } else {
      copy_border(s, p, zero_point, input, top, left, to);
    }
    to += copied * p->row_size;
    count -= copied;
    ox += copied;
    if (ox == out_w) ox = 0, oy++;
  }
}

// Units are panels, block by block.
static void run(const ck_conv_shape *s, const void *packed, const ck_conv_s8_output *output, const int8_t *input,
                size_t begin, size_t end, void *scratch) {
  assert(ck_is_shape(s) && fits(s) && packed && output && input && ck_is_range(begin, end, units(s)));
  plan p = make_plan(s);
  assert(p.is_direct || ck_is_aligned(scratch));
  const header *h = packed;
  const ck_requantize *r = output->requantize;
  igemm_output out = {.is_plain = !h->is_wild && !output->f32, .stride = p.channels};
  if (r) {
    out.zero_point = r->output_zero_point;
    out.lo = r->lo;
    out.hi = r->hi;
    out.is_floored = out.is_plain && !h->is_large && ck_is_floored(r);
  }
  size_t index = begin % p.blocks;
  while (begin < end) {
    size_t first = panel_begin(&p, begin / p.blocks), count = panel_begin(&p, begin / p.blocks + 1) - first;
    const int8_t *x = p.is_direct ? input + first * p.sum : scratch;
    if (!p.is_direct) copy_windows(s, &p, h->zero_point, input, first, count, scratch);
    size_t from = first_vector(&p, index) * LANES, to = from;
    for (; index < p.blocks && begin < end; index++, begin++) {
      size_t vector = first_vector(&p, index), vectors = first_vector(&p, index + 1) - vector;
      block b = block_at((const char *)packed + HEADER_SIZE + vector * p.block_vector_size, vectors);
      size_t at = first * p.channels + vector * LANES;
      out.s8 = output->s8 ? output->s8 + at : NULL;
      out.f32 = output->f32 ? output->f32 + at : NULL;
      to = ck_min((vector + vectors) * LANES, p.channels);
      out.columns = to - vector * LANES;
      panels[vectors - 1](p.steps, x, p.is_direct ? p.sum : p.row_size, count, &b, &out);
    }
    if (index == p.blocks) index = 0;
    if (r && r->lut) {
      // Whole rows are one run.
      int is_whole = to - from == p.channels;
      ck_lut_rows_s8__avx512(is_whole ? 1 : count, is_whole ? count * p.channels : to - from, p.channels, r->lut,
                             output->s8 + first * p.channels + from);
    }
  }
}

const ck_conv_s8_kernel ck_shallow_conv_s8__avx512vnni = {
    .name = "shallow_conv_s8__avx512vnni",
    .needs = NEEDS_AVX512VNNI,
    .fits = fits,
    .packed_size = packed_size,
    .pack = pack,
    .units = units,
    .scratch = scratch,
    .run = run,
};

END_COMPILE_FOR
#endif
