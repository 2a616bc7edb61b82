// Depthwise convolution: interleaving and borders. Arithmetic is in dwconv_s8__<isa>.c.
#include "dwconv_s8.h"

#include "common/contract.h"
#include "dwconv_s8_plan.h"

int dwconv_s8_fits(const ck_conv_shape *s) { return s->groups == s->in_c && s->groups == s->out_c; }

size_t dwconv_s8_units(const dwconv_isa *isa, const ck_conv_shape *shape) {
  dwconv_plan p = dwconv_make_plan(isa, shape);
  return p.row_units * p.blocks;
}

size_t dwconv_s8_scratch(const dwconv_isa *isa, const ck_conv_shape *shape) {
  dwconv_plan p = dwconv_make_plan(isa, shape);
  return p.columns * p.column_size;
}

// Interleaves one group of rows for a strip whose first input column is `first`.
static void interleave_strip(const dwconv_isa *isa, const dwconv_plan *p, const ck_conv_shape *s, const int8_t *input,
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
  assert(ck_is_shape(s) && dwconv_s8_fits(s) && packed && output && input && ck_is_aligned(scratch));
  assert(ck_is_range(begin, end, dwconv_s8_units(isa, s)));
  dwconv_plan p = dwconv_make_plan(isa, s);
  const ck_requantize *r = output->requantize;
  size_t out_w = (size_t)s->out_w, stride_w = (size_t)s->stride_w;
  dwconv_input in = {.x = scratch,
                     .pixel_step = stride_w * p.column_size,
                     .tap_step = (size_t)s->dilation_w * p.column_size,
                     .taps = (size_t)s->kernel_w,
                     .groups = p.groups};
  dwconv_header h;
  memcpy(&h, packed, sizeof h);
  dwconv_output out = {.is_plain = !h.is_wild && !output->f32, .stride = p.channels};
  if (r) {
    out.zero_point = r->output_zero_point;
    out.lo = r->lo;
    out.hi = r->hi;
    out.is_small = out.is_plain && !h.must_convert;
  }
  for (size_t unit = begin; unit < end; unit++) {
    size_t block = unit % p.blocks, oy = unit / p.blocks * p.rows, channel = block * isa->width;
    size_t rows = ck_min(p.rows, (size_t)s->out_h - oy);
    const char *head = (const char *)packed + DWCONV_HEADER_SIZE + block * p.block_size;
    out.columns = ck_min(isa->width, p.channels - channel);
    for (size_t ox = 0; ox < out_w; ox += p.strip) {
      size_t pixels = ck_min(p.strip, out_w - ox);
      size_t columns = p.columns - (p.strip - pixels) * stride_w;
      int64_t top = (int64_t)oy * s->stride_h - s->pad_top, left = (int64_t)(ox * stride_w) - s->pad_left;
      for (size_t g = 0; g < p.groups; g++)
        interleave_strip(isa, &p, s, input + channel, packed, top, g, left, columns,
                         (char *)scratch + g * isa->width * DWCONV_LANE_SIZE);
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
