// Implicit-GEMM convolution: packing weights.
#include "common/compile.h"
#include "igemm_s8.h"
#include "igemm_s8_plan.h"

size_t igemm_s8_packed_size(const igemm_isa *isa, const ck_conv_shape *shape) {
  igemm_plan p = igemm_make_plan(isa, shape);
  return IGEMM_HEADER_SIZE + p.zeros_size + p.groups * p.group_size;
}

// Packs the weights of a step at `column`, steps being `step_size` apart in the block.
ALWAYS void put_step(const igemm_isa *isa, size_t step, const int8_t w[IGEMM_MAX_STEP], char *column,
                     size_t step_size) {
  if (isa->weight_size == 1) {
    memcpy(column, w, step);
    return;
  }
  // Widened weights: the pairs of a step are apart by half a step of the whole block.
  int16_t wide[IGEMM_STEP] = {w[0], w[1], w[2], w[3]};
  memcpy(column, wide, sizeof wide / 2);
  memcpy(column + step_size / 2, wide + 2, sizeof wide / 2);
}

// The whole steps of one tap, weight k at weights[k * stride]. `stride` is a constant where it matters for speed, and
// `step` always is.
ALWAYS char *put_steps(const igemm_isa *isa, size_t step, size_t count, const int8_t *weights, size_t stride,
                       char *column, size_t step_size) {
  for (size_t k = 0; k + step <= count; k += step, column += step_size) {
    const int8_t *from = weights + k * stride;
    int8_t w[IGEMM_MAX_STEP];
    for (size_t i = 0; i < step; i++) w[i] = from[i * stride];
    put_step(isa, step, w, column, step_size);
  }
  return column;
}

// Packs one column, whose weights are [in_c][kernel_h][kernel_w].
ALWAYS void pack_column_by(size_t step, const igemm_isa *isa, const igemm_plan *p, const ck_conv_shape *s,
                           const int8_t *weights, char *column, size_t step_size) {
  size_t area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  for (size_t tap = 0; tap < p->taps; tap++) {
    size_t at = 0;
    if (!p->whole_rows) {
      if (area == 1)
        column = put_steps(isa, step, p->run, weights, 1, column, step_size);
      else
        column = put_steps(isa, step, p->run, weights + tap, area, column, step_size);
      at = p->run / step * step;
    }
    for (; at < p->run; at += step, column += step_size) {
      int8_t w[IGEMM_MAX_STEP] = {0};
      for (size_t k = at; k < p->run && k < at + step; k++)
        w[k - at] = p->whole_rows ? weights[k % p->in_c * area + tap * (size_t)s->kernel_w + k / p->in_c]
                                  : weights[k * area + tap];
      put_step(isa, step, w, column, step_size);
    }
  }
}

static void pack_column(const igemm_isa *isa, const igemm_plan *p, const ck_conv_shape *s, const int8_t *weights,
                        char *column, size_t step_size) {
  switch (p->step) {
    case 2: pack_column_by(2, isa, p, s, weights, column, step_size); break;
    case 8: pack_column_by(8, isa, p, s, weights, column, step_size); break;
    default: pack_column_by(IGEMM_STEP, isa, p, s, weights, column, step_size);
  }
}

// Packs a block of columns and notes in `h` what is unusual about them.
static void pack_block(const igemm_isa *isa, const igemm_plan *p, const ck_conv_shape *s, size_t first, size_t vectors,
                       const int8_t *weights, const int32_t *bias, const float *multiplier, int32_t zero_point,
                       void *block, igemm_header *h) {
  size_t width = vectors * p->lanes, area = (size_t)s->kernel_h * (size_t)s->kernel_w;
  size_t step_size = width * p->step * isa->weight_size;
  for (size_t i = 0; i < width; i++) {
    size_t column = first + igemm_column(vectors, i / p->lanes, i % p->lanes);
    int32_t folded = 0;
    float m = 0;
    if (column < p->out_c) {
      // Widened weights keep their 4-byte pairs where others have their 4 bytes.
      char *at = (char *)block + width * (sizeof(int32_t) + sizeof(float)) + i * p->step;
      const int8_t *w = weights + column * area * p->in_c;
      pack_column(isa, p, s, w, at, step_size);
      uint32_t sum = ck_sum_of_weights(area * p->in_c, w);
      int32_t b = bias ? bias[column] : 0;
      m = multiplier[column];
      folded = ck_fold_bias(b, sum, zero_point, isa->input_offset);
      h->is_wild |= ck_is_wild(b, area * p->in_c, m);
      double largest = ck_largest_sum(b, area * p->in_c, w);
      h->is_large |= !ck_can_floor(largest, m);
      h->must_convert |= !ck_is_small(largest, m);
    }
    memcpy((char *)block + i * sizeof folded, &folded, sizeof folded);
    memcpy((char *)block + (width + i) * sizeof m, &m, sizeof m);
  }
}

void igemm_s8_pack(const igemm_isa *isa, const ck_conv_shape *s, const int8_t *weights, const int32_t *bias,
                   const float *multiplier, int32_t input_zero_point, void *packed) {
  igemm_plan p = igemm_make_plan(isa, s);
  memset(packed, 0, igemm_s8_packed_size(isa, s));
  memset((char *)packed + IGEMM_HEADER_SIZE, input_zero_point, p.zeros_size);
  igemm_header h = {0};
  size_t per_group = p.out_c * p.in_c * (size_t)s->kernel_h * (size_t)s->kernel_w;
  for (size_t g = 0; g < p.groups; g++) {
    char *group = (char *)packed + IGEMM_HEADER_SIZE + p.zeros_size + g * p.group_size;
    for (size_t b = 0; b < p.blocks; b++)
      pack_block(isa, &p, s, igemm_first_vector(&p, b) * p.lanes, igemm_block_vectors(&p, b), weights + g * per_group,
                 bias ? bias + g * p.out_c : NULL, multiplier + g * p.out_c, input_zero_point,
                 group + igemm_block_offset(isa, &p, b), &h);
  }
  memcpy(packed, &h, sizeof h);
}
