// The AMX convolution: packing weights.
#if defined(__x86_64__)
#include "igemm_s8__amx_plan.h"

size_t amx_packed_size(const ck_conv_shape *s) {
  amx_plan p = amx_make_plan(s);
  return HEADER_SIZE + p.groups * p.group_size;
}

// Packs the weights [in_c][kernel_h][kernel_w] of one column, whose first tile begins 4 * column bytes before `to`.
static void pack_column(const amx_plan *p, const ck_conv_shape *s, const int8_t *weights, size_t tile_step,
                        int8_t *to) {
  size_t kernel_w = (size_t)s->kernel_w, area = (size_t)s->kernel_h * kernel_w;
  for (size_t tap = 0; tap < p->tap_rows * p->tap_columns; tap++)
    for (size_t step = 0; step < p->steps; step++, to += tile_step)
      for (size_t i = 0; i < p->width && step * p->width + i < p->run; i++) {
        size_t k = step * p->width + i;
        to[i / 4 * AMX_ROW_SIZE + i % 4] = p->whole_rows
                                               ? weights[k % p->in_c * area + tap * kernel_w + k / p->in_c]
                                               : weights[k * area + tap];
      }
}

void amx_pack(const ck_conv_shape *s, const int8_t *weights, const int32_t *bias, const float *multiplier,
              int32_t input_zero_point, void *packed) {
  amx_plan p = amx_make_plan(s);
  memset(packed, 0, amx_packed_size(s));
  amx_header h = {0};
  size_t count = p.in_c * (size_t)s->kernel_h * (size_t)s->kernel_w;
  for (size_t block = 0; block < p.blocks; block++) {
    size_t columns = amx_block_columns(&p, block), first = amx_first_channel(&p, block);
    char *head = (char *)packed + amx_block_offset(&p, block);
    int8_t *tiles = (int8_t *)head + columns * COLUMNS * COLUMN_HEAD;
    for (size_t channel = first; channel < amx_last_channel(&p, block); channel++) {
      size_t i = channel - first;
      const int8_t *w = weights + channel * count;
      pack_column(&p, s, w, columns * amx_tile_size(&p), tiles + i / COLUMNS * amx_tile_size(&p) + i % COLUMNS * 4);
      int32_t b = bias ? bias[channel] : 0;
      int32_t folded = ck_fold_bias(b, ck_sum_of_weights(count, w), input_zero_point, 0);
      memcpy(head + i * sizeof folded, &folded, sizeof folded);
      memcpy(head + (columns * COLUMNS + i) * sizeof(float), multiplier + channel, sizeof(float));
      h.is_wild |= ck_is_wild(b, count, multiplier[channel]);
    }
  }
  memcpy(packed, &h, sizeof h);
}
#endif
