// Depthwise convolution: cutting the work.
#include "dwconv_s8_plan.h"

// Bytes of interleaved columns to hold at a time; they are written once and read kernel_w times, from L1.
enum { STRIP_SIZE = 16 << 10 };

dwconv_plan dwconv_make_plan(const dwconv_isa *isa, const ck_conv_shape *s) {
  dwconv_plan p;
  size_t kernel_h = (size_t)s->kernel_h, stride_h = (size_t)s->stride_h, stride_w = (size_t)s->stride_w;
  p.channels = (size_t)s->out_c;
  p.blocks = ck_ceil_div(p.channels, isa->width);
  p.groups = ck_ceil_div(kernel_h, isa->slots);
  // Slots are neighbouring rows only where there is no dilation.
  p.rows = s->dilation_h == 1 ? (p.groups * isa->slots - kernel_h) / stride_h + 1 : 1;
  p.row_units = ck_ceil_div((size_t)s->out_h, p.rows);
  p.column_size = p.groups * isa->width * DWCONV_LANE_SIZE;
  size_t halo = (size_t)(s->kernel_w - 1) * (size_t)s->dilation_w + 1;
  size_t held = STRIP_SIZE / p.column_size;
  p.strip = ck_min((size_t)s->out_w, held > halo + 3 * stride_w ? (held - halo) / stride_w + 1 : 4);
  p.columns = (p.strip - 1) * stride_w + halo;
  p.head_size = isa->width * (sizeof(int32_t) + sizeof(float));
  p.row_size = (size_t)s->kernel_w * p.column_size;
  p.block_size = p.head_size + p.rows * p.row_size;
  return p;
}
