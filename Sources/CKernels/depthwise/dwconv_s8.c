// Depthwise convolution: blocking, packing and borders. Arithmetic is in dwconv_s8__<isa>.c.
#include "dwconv_s8.h"

#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF

// Bytes of interleaved columns to hold at a time; they are written once and read kernel_w times, from L1.
enum { STRIP_SIZE = 16 << 10, LANE_SIZE = 4 };

typedef struct {
  size_t channels, blocks;
  size_t groups, rows;  // groups of slots, and output rows they serve
  size_t row_units;
  size_t column_size;   // bytes of an interleaved column
  size_t strip;         // output pixels held at a time
  size_t columns;       // input columns under a strip
  size_t head_size, row_size, block_size;  // bytes packed: bias and multipliers, weights of one output row, all
} plan;

static plan make_plan(const dwconv_isa *isa, const ck_conv_shape *s) {
  plan p;
  size_t kernel_h = (size_t)s->kernel_h, stride_h = (size_t)s->stride_h, stride_w = (size_t)s->stride_w;
  p.channels = (size_t)s->out_c;
  p.blocks = ck_ceil_div(p.channels, isa->width);
  p.groups = ck_ceil_div(kernel_h, isa->slots);
  // Slots are neighbouring rows only where there is no dilation.
  p.rows = s->dilation_h == 1 ? (p.groups * isa->slots - kernel_h) / stride_h + 1 : 1;
  p.row_units = ck_ceil_div((size_t)s->out_h, p.rows);
  p.column_size = p.groups * isa->width * LANE_SIZE;
  size_t halo = (size_t)(s->kernel_w - 1) * (size_t)s->dilation_w + 1;
  size_t held = STRIP_SIZE / p.column_size;
  p.strip = ck_min((size_t)s->out_w, held > halo + 3 * stride_w ? (held - halo) / stride_w + 1 : 4);
  p.columns = (p.strip - 1) * stride_w + halo;
  p.head_size = isa->width * (sizeof(int32_t) + sizeof(float));
  p.row_size = (size_t)s->kernel_w * p.column_size;
  p.block_size = p.head_size + p.rows * p.row_size;
  return p;
}

int dwconv_s8_fits(const ck_conv_shape *s) { return s->groups == s->in_c && s->groups == s->out_c; }

// Packed: a header with a row of `width` zero points, then the blocks.
enum { MAX_WIDTH = 64 };
typedef struct {
  int8_t zeros[MAX_WIDTH];
  int32_t is_wild;  // some scaled accumulator may not fit int32
} header;
enum { HEADER_SIZE = 2 * CK_ALIGN };

size_t dwconv_s8_packed_size(const dwconv_isa *isa, const ck_conv_shape *shape) {
  plan p = make_plan(isa, shape);
  return HEADER_SIZE + p.blocks * p.block_size;
}

// A weight into its slot: one of 4 bytes, or of 2 words.
static void put_weight(const dwconv_isa *isa, char *lane, size_t slot, int8_t weight) {
  int16_t wide = weight;
  if (isa->slots == 4)
    memcpy(lane + slot, &weight, sizeof weight);
  else
    memcpy(lane + slot * sizeof wide, &wide, sizeof wide);
}

static void pack_channel(const dwconv_isa *isa, const plan *p, const ck_conv_shape *s, const int8_t *weights,
                         char *lane) {
  for (size_t row = 0; row < p->rows; row++)
    for (size_t ky = 0; ky < (size_t)s->kernel_h; ky++) {
      size_t slot = row * (size_t)s->stride_h + ky;
      for (size_t kx = 0; kx < (size_t)s->kernel_w; kx++) {
        char *group = lane + row * p->row_size + kx * p->column_size + slot / isa->slots * isa->width * LANE_SIZE;
        put_weight(isa, group, slot % isa->slots, weights[ky * (size_t)s->kernel_w + kx]);
      }
    }
}

void dwconv_s8_pack(const dwconv_isa *isa, const ck_conv_shape *s, const int8_t *weights, const int32_t *bias,
                    const float *multiplier, int32_t input_zero_point, void *packed) {
  plan p = make_plan(isa, s);
  size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  header h = {.is_wild = 0};
  memset(h.zeros, input_zero_point, sizeof h.zeros);
  memset(packed, 0, HEADER_SIZE + p.blocks * p.block_size);
  for (size_t i = 0; i < p.blocks * isa->width; i++) {
    char *block = (char *)packed + HEADER_SIZE + i / isa->width * p.block_size;
    size_t lane = i % isa->width, channel = i / isa->width * isa->width + isa->channel(lane);
    if (channel >= p.channels) continue;
    const int8_t *w = weights + channel * area;
    uint32_t sum = ck_sum_of_weights(area, w);
    int32_t b = bias ? bias[channel] : 0, folded = ck_fold_bias(b, sum, input_zero_point, isa->input_offset);
    h.is_wild |= ck_is_wild(b, area, multiplier[channel]);
    memcpy(block + lane * sizeof folded, &folded, sizeof folded);
    memcpy(block + (isa->width + lane) * sizeof(float), &multiplier[channel], sizeof(float));
    pack_channel(isa, &p, s, w, block + p.head_size + lane * LANE_SIZE);
  }
  memcpy(packed, &h, sizeof h);
}

size_t dwconv_s8_units(const dwconv_isa *isa, const ck_conv_shape *shape) {
  plan p = make_plan(isa, shape);
  return p.row_units * p.blocks;
}

size_t dwconv_s8_scratch(const dwconv_isa *isa, const ck_conv_shape *shape) {
  plan p = make_plan(isa, shape);
  return p.columns * p.column_size;
}

void dwconv_store_each(const dwconv_isa *isa, size_t first, size_t pixels, const int32_t *acc, const void *head,
                       const dwconv_output *out) {
  const float *multiplier = (const float *)head + isa->width;
  for (size_t p = 0; p < pixels; p++)
    for (size_t lane = 0; lane < isa->width; lane++, acc++) {
      if (isa->channel(lane) >= out->columns) continue;
      float t = (float)*acc * multiplier[lane];
      size_t at = (first + p) * out->stride + isa->channel(lane);
      if (out->f32)
        out->f32[at] = t;
      else
        out->s8[at] = ck_round_clamp(t, out->zero_point, out->lo, out->hi);
    }
}

// Interleaves one group of rows for a strip whose first input column is `first`.
static void interleave_strip(const dwconv_isa *isa, const plan *p, const ck_conv_shape *s, const int8_t *input,
                             const int8_t *zeros, int64_t top, size_t group, int64_t first, size_t columns, char *x) {
  static const size_t still[DWCONV_MAX_SLOTS];
  const int8_t *outside[DWCONV_MAX_SLOTS], *rows[DWCONV_MAX_SLOTS];
  size_t steps[DWCONV_MAX_SLOTS];
  int64_t begin = first < 0 ? -first : 0, end = s->in_w - first < (int64_t)columns ? s->in_w - first : (int64_t)columns;
  if (begin > (int64_t)columns) begin = (int64_t)columns;
  if (end < begin) end = begin;
  size_t used = s->dilation_h == 1 ? (p->rows - 1) * (size_t)s->stride_h + (size_t)s->kernel_h : (size_t)s->kernel_h;
  for (size_t i = 0; i < isa->slots; i++) {
    size_t slot = group * isa->slots + i;
    int64_t y = top + (int64_t)slot * s->dilation_h;
    int is_inside = slot < used && y >= 0 && y < s->in_h && begin < end;
    outside[i] = zeros;
    rows[i] = is_inside ? input + ((size_t)y * (size_t)s->in_w + (size_t)(first + begin)) * p->channels : zeros;
    steps[i] = is_inside ? p->channels : 0;
  }
  isa->interleave(outside, still, (size_t)begin, x, p->column_size);
  isa->interleave(rows, steps, (size_t)(end - begin), x + (size_t)begin * p->column_size, p->column_size);
  isa->interleave(outside, still, columns - (size_t)end, x + (size_t)end * p->column_size, p->column_size);
}

void dwconv_s8_run(const dwconv_isa *isa, const ck_conv_shape *s, const void *packed, const ck_conv_s8_output *output,
                   const int8_t *input, size_t begin, size_t end, void *scratch) {
  plan p = make_plan(isa, s);
  const ck_requantize *r = output->requantize;
  size_t out_w = (size_t)s->out_w, stride_w = (size_t)s->stride_w;
  dwconv_input in = {.x = scratch,
                     .pixel_step = stride_w * p.column_size,
                     .tap_step = (size_t)s->dilation_w * p.column_size,
                     .taps = (size_t)s->kernel_w,
                     .groups = p.groups};
  header h;
  memcpy(&h, packed, sizeof h);
  dwconv_output out = {.is_plain = !h.is_wild && !output->f32, .stride = p.channels};
  if (r) {
    out.zero_point = r->output_zero_point;
    out.lo = r->lo;
    out.hi = r->hi;
  }
  for (size_t unit = begin; unit < end; unit++) {
    size_t block = unit % p.blocks, oy = unit / p.blocks * p.rows, channel = block * isa->width;
    size_t rows = ck_min(p.rows, (size_t)s->out_h - oy);
    const char *head = (const char *)packed + HEADER_SIZE + block * p.block_size;
    out.columns = ck_min(isa->width, p.channels - channel);
    for (size_t ox = 0; ox < out_w; ox += p.strip) {
      size_t pixels = ck_min(p.strip, out_w - ox);
      size_t columns = p.columns - (p.strip - pixels) * stride_w;
      int64_t top = (int64_t)oy * s->stride_h - s->pad_top, left = (int64_t)(ox * stride_w) - s->pad_left;
      for (size_t g = 0; g < p.groups; g++)
        interleave_strip(isa, &p, s, input + channel, packed, top, g, left, columns,
                         (char *)scratch + g * isa->width * LANE_SIZE);
      for (size_t row = 0; row < rows; row++) {
        size_t at = ((oy + row) * out_w + ox) * p.channels + channel;
        out.s8 = output->s8 ? output->s8 + at : NULL;
        out.f32 = output->f32 ? output->f32 + at : NULL;
        isa->row(pixels, &in, head, head + p.head_size + row * p.row_size, &out);
        // Pixels of one block are one run.
        size_t runs = p.blocks == 1 ? 1 : pixels;
        if (r && r->lut) isa->look_up(runs, pixels / runs * out.columns, p.channels, r->lut, out.s8);
      }
    }
  }
}
