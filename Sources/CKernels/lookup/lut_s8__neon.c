// Table lookup in blocks of 16 bytes: four tables of 64, all held in registers.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "lut_s8.h"

typedef struct {
  uint8x16x4_t quarter[4];
} table;

static inline table load_table(const int8_t *lut) {
  const uint8_t *from = (const uint8_t *)lut;
  table t = {{vld1q_u8_x4(from), vld1q_u8_x4(from + 64), vld1q_u8_x4(from + 128), vld1q_u8_x4(from + 192)}};
  return t;
}

// tbl gives 0 and tbx leaves a lane alone where the index is beyond its 64 entries.
static inline uint8x16_t apply(table t, uint8x16_t x) {
  uint8x16_t index = veorq_u8(x, vdupq_n_u8(0x80)), quarter = vdupq_n_u8(64);
  uint8x16_t y = vqtbl4q_u8(t.quarter[0], index);
  for (int i = 1; i < 4; i++) {
    index = vsubq_u8(index, quarter);
    y = vqtbx4q_u8(y, t.quarter[i], index);
  }
  return y;
}

static void look_up(table t, size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) vst1q_s8(y + i, vreinterpretq_s8_u8(apply(t, vld1q_u8((const uint8_t *)(x + i)))));
  ck_lut_s8__scalar(n - i, x + i, lut, y + i);
}

void ck_lut_s8__neon(size_t n, const int8_t *x, const int8_t *lut, int8_t *y) {
  assert(x && lut && y);
  look_up(load_table(lut), n, x, lut, y);
}

void ck_lut_rows_s8__neon(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y) {
  assert(rows > 0 && columns > 0 && (rows == 1 || stride >= columns) && lut && y);
  table t = load_table(lut);
  for (size_t row = 0; row < rows; row++, y += stride) look_up(t, columns, y, lut, y);
}
#endif
