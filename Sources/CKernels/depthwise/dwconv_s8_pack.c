// Depthwise convolution: packing weights.
#include "dwconv_s8.h"
#include "dwconv_s8_plan.h"

size_t dwconv_s8_packed_size(const dwconv_isa *isa, const ck_conv_shape *shape) {
  dwconv_plan p = dwconv_make_plan(isa, shape);
  return DWCONV_HEADER_SIZE + p.blocks * p.block_size;
}

// A weight into its slot: one of 4 bytes, or of 2 words.
static void put_weight(const dwconv_isa *isa, char *lane, size_t slot, int8_t weight) {
  int16_t wide = weight;
  if (isa->slots == 4)
    memcpy(lane + slot, &weight, sizeof weight);
  else
    memcpy(lane + slot * sizeof wide, &wide, sizeof wide);
}

static void pack_channel(const dwconv_isa *isa, const dwconv_plan *p, const ck_conv_shape *s, const int8_t *weights,
                         char *lane) {
  for (size_t row = 0; row < p->rows; row++)
    for (size_t ky = 0; ky < (size_t)s->kernel_h; ky++) {
      size_t slot = row * (size_t)s->stride_h + ky;
      for (size_t kx = 0; kx < (size_t)s->kernel_w; kx++) {
        size_t group = row * p->row_size + kx * p->column_size + slot / isa->slots * isa->width * DWCONV_LANE_SIZE;
        put_weight(isa, lane + group, slot % isa->slots, weights[ky * (size_t)s->kernel_w + kx]);
      }
    }
}

void dwconv_s8_pack(const dwconv_isa *isa, const ck_conv_shape *s, const int8_t *weights, const int32_t *bias,
                    const float *multiplier, int32_t input_zero_point, void *packed) {
  dwconv_plan p = dwconv_make_plan(isa, s);
  size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  dwconv_header h = {.is_wild = 0};
  memset(h.zeros, input_zero_point, sizeof h.zeros);
  memset(packed, 0, DWCONV_HEADER_SIZE + p.blocks * p.block_size);
  for (size_t i = 0; i < p.blocks * isa->width; i++) {
    char *block = (char *)packed + DWCONV_HEADER_SIZE + i / isa->width * p.block_size;
    size_t lane = i % isa->width, channel = i / isa->width * isa->width + isa->channel(lane);
    if (channel >= p.channels) continue;
    const int8_t *w = weights + channel * area;
    uint32_t sum = ck_sum_of_weights(area, w);
    int32_t b = bias ? bias[channel] : 0, folded = ck_fold_bias(b, sum, input_zero_point, isa->input_offset);
    h.is_wild |= ck_is_wild(b, area, multiplier[channel]);
    h.must_convert |= !ck_is_small(ck_largest_sum(b, area, w), multiplier[channel]);
    memcpy(block + lane * sizeof folded, &folded, sizeof folded);
    memcpy(block + (isa->width + lane) * sizeof(float), &multiplier[channel], sizeof(float));
    pack_channel(isa, &p, s, w, block + p.head_size + lane * DWCONV_LANE_SIZE);
  }
  memcpy(packed, &h, sizeof h);
}
