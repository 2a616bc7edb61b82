// Depthwise 3x3 convolution, undilated, in steps of 1 or 2 columns. As in dwconv_s8__avx512vnni.c rows are interleaved
// for dpbusd, but in registers: a column stays there for all the pixels of its row it belongs to, and weights stay for
// the whole row. Rows are independent, so images of few rows waste nothing.
//
// A block has 64, 32 or 16 channels, and its vectors hold 1, 2 or 4 neighbouring output pixels, so that lanes are not
// idle where fewer than 64 channels are left. One vector of columns then covers tap 0 of as many pixels, and taps
// between it and the next are cut from both.
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "common/contract.h"
#include "common/int8_kernels.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX512VNNI)

#include "requantize/requantize__avx512.h"

enum { TAPS = 3, VECTORS = 4, LANES = VECTORS * 16 };

// Packed: a header, then the blocks. Lanes of several pixels are repeated.
typedef struct {
  int8_t zeros[LANES];  // zero points
  int32_t is_wild;      // some scaled accumulator may not fit int32
  int32_t is_large;     // ck_can_floor does not hold for some channel
} header;
enum { HEADER_SIZE = 2 * CK_ALIGN };
typedef struct {
  int32_t bias[LANES], floor_bias[LANES];  // the latter with REQUANTIZE_512_FLOOR
  float multiplier[LANES], floor_offset[LANES];
  int8_t weights[TAPS][LANES][4];  // three kernel rows, and 0
} block;

// Pixels in a vector of the block that begins at `channel`.
static size_t copies_at(size_t channels, size_t channel) {
  size_t left = channels - channel;
  return left > 48 ? 1 : left > 16 ? 2 : 4;
}

static size_t block_count(size_t channels) {
  size_t tail = channels % LANES;
  return channels / LANES + (tail > 0) + (tail > 32 && tail <= 48);
}

static size_t block_channel(size_t channels, size_t index) {
  size_t whole = channels / LANES;
  return index <= whole ? index * LANES : whole * LANES + 32;
}

// Unpacking twice within 128-bit groups leaves 4 channels of each group in every vector.
static size_t lane_channel(size_t copies, size_t lane) {
  size_t vector = lane / 16, i = lane % 16;
  return 16 * (i / 4 % (VECTORS / copies)) + 4 * vector + i % 4;
}
static size_t lane_pixel(size_t copies, size_t lane) { return lane % 16 / 4 / (VECTORS / copies); }

static int fits(const ck_conv_shape *s) {
  return s->groups == s->in_c && s->groups == s->out_c && s->kernel_h == TAPS && s->kernel_w == TAPS &&
         s->dilation_h == 1 && s->dilation_w == 1 && s->stride_w <= 2;
}

static size_t packed_size(const ck_conv_shape *s) {
  return HEADER_SIZE + block_count((size_t)s->out_c) * sizeof(block);
}

static void pack(const ck_conv_shape *s, const int8_t *weights, const int32_t *bias, const float *multiplier,
                 int32_t input_zero_point, void *packed) {
  size_t channels = (size_t)s->out_c, blocks = block_count(channels);
  memset(packed, 0, packed_size(s));
  header *h = packed;
  memset(h->zeros, input_zero_point, sizeof h->zeros);
  for (size_t i = 0; i < blocks * LANES; i++) {
    block *b = (block *)(void *)((char *)packed + HEADER_SIZE) + i / LANES;
    size_t first = block_channel(channels, i / LANES), lane = i % LANES;
    size_t channel = first + lane_channel(copies_at(channels, first), lane);
    if (channel >= channels) continue;
    const int8_t *w = weights + channel * TAPS * TAPS;
    int32_t own = bias ? bias[channel] : 0;
    b->bias[lane] = ck_fold_bias(own, ck_sum_of_weights(TAPS * TAPS, w), input_zero_point, 128);
    b->floor_bias[lane] = (int32_t)((uint32_t)b->bias[lane] + REQUANTIZE_512_FLOOR);
    b->multiplier[lane] = multiplier[channel];
    b->floor_offset[lane] = -8388608.0f * multiplier[channel];
    h->is_large |= !ck_can_floor(ck_largest_sum(own, TAPS * TAPS, w), multiplier[channel]);
    h->is_wild |= ck_is_wild(own, TAPS * TAPS, multiplier[channel]);
    for (size_t at = 0; at < TAPS * TAPS; at++) b->weights[at % TAPS][lane][at / TAPS] = w[at];
  }
}

static size_t units(const ck_conv_shape *s) { return (size_t)s->out_h * block_count((size_t)s->out_c); }

static size_t scratch(const ck_conv_shape *s) {
  (void)s;
  return 0;
}

// The rows under one row of outputs, from the block's first channel on; rows outside the image are zero points.
typedef struct {
  const int8_t *rows[TAPS];
  size_t steps[TAPS];  // bytes from one column to the next: 0 outside
  int is_run;          // there is but one block, and no row is outside
  const int8_t *zeros;
  int64_t first, width;  // the column under the first pixel, columns of the image
} source;

// A row of outputs.
typedef struct {
  int is_plain;    // int8, and every scaled accumulator is within int32
  int is_floored;  // requantize_512_round_floored may be used
  int8_t *s8;
  float *f32;
  size_t pixels, stride;   // pixels, and outputs from one to the next
  size_t columns;          // valid channels of the block
  int32_t zero_point, lo, hi;
} target;

// Writes the accumulators of `count` pixels from `first` on one by one, whatever they are.
static void store_each(size_t copies, const int32_t *acc, const block *b, const target *out, size_t first) {
  for (size_t lane = 0; lane < LANES; lane++) {
    size_t pixel = first + lane_pixel(copies, lane), channel = lane_channel(copies, lane);
    if (pixel >= out->pixels || channel >= out->columns) continue;
    float t = (float)acc[lane] * b->multiplier[lane];
    size_t at = pixel * out->stride + channel;
    if (out->f32)
      out->f32[at] = t;
    else
      out->s8[at] = ck_round_clamp(t, out->zero_point, out->lo, out->hi);
  }
}

// Pixel `i` of a vector, moved to the front.
ALWAYS __m512i part(size_t copies, size_t i, __m512i bytes) {
  if (i == 0) return bytes;
  if (copies == 2) return _mm512_castsi256_si512(_mm512_extracti64x4_epi64(bytes, 1));
  if (i == 1) return _mm512_castsi128_si512(_mm512_extracti32x4_epi32(bytes, 1));
  if (i == 2) return _mm512_castsi128_si512(_mm512_extracti32x4_epi32(bytes, 2));
  return _mm512_castsi128_si512(_mm512_extracti32x4_epi32(bytes, 3));
}

ALWAYS void store_whole(size_t copies, int8_t *y, __m512i bytes) {
  switch (copies) {
    case 1: _mm512_storeu_si512(y, bytes); break;
    case 2: _mm256_storeu_si256((__m256i *)(void *)y, _mm512_castsi512_si256(bytes)); break;
    default: _mm_storeu_si128((__m128i *)(void *)y, _mm512_castsi512_si128(bytes));
  }
}

// One column of one row, in part `i` of a vector.
ALWAYS __m512i insert_column(size_t copies, size_t i, __m512i all, const int8_t *x) {
  if (copies == 1) return _mm512_loadu_si512(x);
  if (copies == 2) {
    __m256i half = _mm256_loadu_si256((const __m256i *)(const void *)x);
    return i == 0 ? _mm512_castsi256_si512(half) : _mm512_inserti64x4(all, half, 1);
  }
  __m128i quarter = _mm_loadu_si128((const __m128i *)(const void *)x);
  if (i == 0) return _mm512_castsi128_si512(quarter);
  if (i == 1) return _mm512_inserti32x4(all, quarter, 1);
  if (i == 2) return _mm512_inserti32x4(all, quarter, 2);
  return _mm512_inserti32x4(all, quarter, 3);
}

// Interleaves the rows of the columns in a vector, `stride` columns apart, and makes them unsigned.
ALWAYS void load_columns(size_t copies, size_t stride, const source *in, int64_t column, __m512i u[VECTORS]) {
  __m512i rows[TAPS];
  int is_inside = column >= 0 && column + (int64_t)((copies - 1) * stride) < in->width;
  if (copies == 1) {
    const int8_t *x[TAPS];
    // As integers: outside the image this is no pointer yet.
    UNROLL for (size_t r = 0; r < TAPS; r++)
      x[r] = (const int8_t *)((uintptr_t)in->rows[r] + (uintptr_t)column * in->steps[r]);
    UNROLL for (size_t r = 0; r < TAPS; r++) x[r] = is_inside ? x[r] : in->zeros;
    UNROLL for (size_t r = 0; r < TAPS; r++) rows[r] = _mm512_loadu_si512(x[r]);
  } else if (__builtin_expect(is_inside, 1)) {
    UNROLL for (size_t r = 0; r < TAPS; r++) {
      const int8_t *x = in->rows[r] + (size_t)column * in->steps[r];
      if (stride == 1 && in->is_run)
        rows[r] = _mm512_loadu_si512(x);
      else
        UNROLL for (size_t i = 0; i < copies; i++)
          rows[r] = insert_column(copies, i, rows[r], x + i * stride * in->steps[r]);
    }
  } else {
    UNROLL for (size_t i = 0; i < copies; i++) {
      int64_t own = column + (int64_t)(i * stride);
      is_inside = own >= 0 && own < in->width;
      UNROLL for (size_t r = 0; r < TAPS; r++)
        rows[r] = insert_column(copies, i, rows[r],
                                is_inside ? in->rows[r] + (size_t)own * in->steps[r] : in->zeros);
    }
  }
  const __m512i flip = _mm512_set1_epi8((char)0x80);
  __m512i a = _mm512_xor_si512(rows[0], flip), b = _mm512_xor_si512(rows[1], flip);
  __m512i c = _mm512_xor_si512(rows[2], flip);
  __m512i ab_lo = _mm512_unpacklo_epi8(a, b), ab_hi = _mm512_unpackhi_epi8(a, b);
  __m512i cc_lo = _mm512_unpacklo_epi8(c, c), cc_hi = _mm512_unpackhi_epi8(c, c);
  u[0] = _mm512_unpacklo_epi16(ab_lo, cc_lo);
  u[1] = _mm512_unpackhi_epi16(ab_lo, cc_lo);
  u[2] = _mm512_unpacklo_epi16(ab_hi, cc_hi);
  u[3] = _mm512_unpackhi_epi16(ab_hi, cc_hi);
}

// The columns `pixels` after those of `u`, `next` being those that follow it.
ALWAYS __m512i later(size_t copies, size_t pixels, __m512i u, __m512i next) {
  if (copies == pixels) return next;
  return copies == 4 && pixels == 1 ? _mm512_alignr_epi64(next, u, 2) : _mm512_alignr_epi64(next, u, 4);
}

// Requantizes and stores the sums of the pixels from `first` on.
ALWAYS void finish(size_t copies, int is_floored, const __m512i acc[VECTORS], const block *b, const target *out,
                   requantize_512 q, size_t first) {
  if (!is_floored && __builtin_expect(!out->is_plain, 0)) {
    int32_t all[LANES];
    UNROLL for (size_t v = 0; v < VECTORS; v++) _mm512_storeu_si512(all + v * 16, acc[v]);
    store_each(copies, all, b, out, first);
    return;
  }
  __m512i r[VECTORS];
  UNROLL for (size_t v = 0; v < VECTORS; v++) {
    __m512 m = _mm512_loadu_ps(b->multiplier + v * 16);
    r[v] = is_floored ? requantize_512_round_floored(acc[v], m, _mm512_loadu_ps(b->floor_offset + v * 16))
                      : requantize_512_round(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[v]), m));
  }
  __m512i bytes = is_floored ? requantize_512_narrow_floored(r[0], r[1], r[2], r[3])
                             : requantize_512_narrow(r[0], r[1], r[2], r[3], q);
  int8_t *y = out->s8 + first * out->stride;
  if (__builtin_expect(out->columns == LANES / copies && first + copies <= out->pixels, 1)) {
    UNROLL for (size_t i = 0; i < copies; i++) store_whole(copies, y + i * out->stride, part(copies, i, bytes));
  } else {
    __mmask64 valid = ~(__mmask64)0 >> (LANES - out->columns);
    UNROLL for (size_t i = 0; i < copies; i++)
      if (first + i < out->pixels) _mm512_mask_storeu_epi8(y + i * out->stride, valid, part(copies, i, bytes));
  }
}

ALWAYS void row_of(size_t copies, size_t stride, int is_floored, const source *source_in, const block *b,
                   const target *target_out) {
  // Copies, which stores of int8 cannot change behind the compiler's back.
  const source in = *source_in;
  const target out = *target_out;
  const requantize_512 q = requantize_512_make(out.zero_point, out.lo, out.hi);
  __m512i w[TAPS][VECTORS], x0[VECTORS], x1[VECTORS], x2[VECTORS];
  UNROLL for (size_t i = 0; i < TAPS * VECTORS; i++)
    w[i / VECTORS][i % VECTORS] = _mm512_loadu_si512(b->weights[i / VECTORS][i % VECTORS * 16]);
  const int32_t *bias = is_floored ? b->floor_bias : b->bias;
  // The columns under tap 0 are those after the pixels before, where one vector holds them.
  int64_t column = in.first;
  load_columns(copies, stride, &in, column, x0);
  if (copies == 1 && stride == 1) load_columns(copies, stride, &in, column + 1, x1);
  for (size_t first = 0; first < out.pixels; first += copies, column += (int64_t)(copies * stride)) {
    if (stride == 2) load_columns(copies, stride, &in, column + 1, x1);
    load_columns(copies, stride, &in, column + (copies == 1 ? 2 : (int64_t)(copies * stride)), x2);
    __m512i acc[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++) {
      __m512i tap1 = copies > 1 && stride == 1 ? later(copies, 1, x0[v], x2[v]) : x1[v];
      __m512i tap2 = copies > 1 ? later(copies, 2 / stride, x0[v], x2[v]) : x2[v];
      acc[v] = _mm512_dpbusd_epi32(_mm512_loadu_si512(bias + v * 16), x0[v], w[0][v]);
      acc[v] = _mm512_dpbusd_epi32(acc[v], tap1, w[1][v]);
      acc[v] = _mm512_dpbusd_epi32(acc[v], tap2, w[2][v]);
      x0[v] = copies == 1 && stride == 1 ? x1[v] : x2[v];
      x1[v] = x2[v];
    }
    finish(copies, is_floored, acc, b, &out, q, first);
  }
}

#define ROW(copies, stride)                                                                 \
  static void row_##copies##_##stride(const source *in, const block *b, const target *out) { \
    if (out->is_floored)                                                                     \
      row_of(copies, stride, 1, in, b, out);                                                 \
    else                                                                                     \
      row_of(copies, stride, 0, in, b, out);                                                 \
  }
ROW(1, 1)
ROW(1, 2)
ROW(2, 1)
ROW(2, 2)
ROW(4, 1)
ROW(4, 2)

typedef void (*row_function)(const source *in, const block *b, const target *out);
static const row_function row_functions[5][3] = {
    [1] = {0, row_1_1, row_1_2}, [2] = {0, row_2_1, row_2_2}, [4] = {0, row_4_1, row_4_2}};

static void run(const ck_conv_shape *s, const void *packed, const ck_conv_s8_output *output, const int8_t *input,
                size_t begin, size_t end, void *scratch) {
  (void)scratch;
  assert(ck_is_shape(s) && fits(s) && packed && output && input && ck_is_range(begin, end, units(s)));
  const header *h = packed;
  const ck_requantize *r = output->requantize;
  size_t channels = (size_t)s->out_c, blocks = block_count(channels), out_w = (size_t)s->out_w;
  size_t row_size = (size_t)s->in_w * channels;
  target out = {.is_plain = !h->is_wild && !output->f32, .pixels = out_w, .stride = channels};
  if (r) {
    out.zero_point = r->output_zero_point;
    out.lo = r->lo;
    out.hi = r->hi;
    out.is_floored = out.is_plain && !h->is_large && ck_is_floored(r);
  }
  source in = {.zeros = h->zeros, .first = -(int64_t)s->pad_left, .width = s->in_w};
  size_t index = begin % blocks, oy = begin / blocks;
  for (size_t unit = begin; unit < end; unit++) {
    size_t channel = block_channel(channels, index), copies = copies_at(channels, channel);
    int64_t top = (int64_t)oy * s->stride_h - s->pad_top;
    for (size_t i = 0; i < TAPS; i++) {
      int64_t y = top + (int64_t)i;
      int is_inside = y >= 0 && y < s->in_h;
      in.rows[i] = is_inside ? input + (size_t)y * row_size + channel : h->zeros;
      in.steps[i] = is_inside ? channels : 0;
    }
    in.is_run = channels == LANES / copies && in.steps[0] > 0 && in.steps[1] > 0 && in.steps[2] > 0;
    out.columns = ck_min(LANES / copies, channels - channel);
    size_t at = oy * out_w * channels + channel;
    out.s8 = output->s8 ? output->s8 + at : NULL;
    out.f32 = output->f32 ? output->f32 + at : NULL;
    const block *b = (const block *)(const void *)((const char *)packed + HEADER_SIZE) + index;
    row_functions[copies][s->stride_w](&in, b, &out);
    if (++index < blocks && unit + 1 < end) continue;
    // The blocks of a row are one run.
    if (r && r->lut) {
      size_t first = unit + 1 - begin < index ? block_channel(channels, index - (unit + 1 - begin)) : 0;
      size_t last = index < blocks ? block_channel(channels, index) : channels;
      int is_whole = last - first == channels;
      ck_lut_rows_s8__avx512(is_whole ? 1 : out_w, is_whole ? out_w * channels : last - first, channels, r->lut,
                             output->s8 + oy * out_w * channels + first);
    }
    if (index == blocks) index = 0, oy++;
  }
}

const ck_conv_s8_kernel ck_dwconv_3x3_s8__avx512vnni = {
    .name = "dwconv_3x3_s8__avx512vnni",
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
