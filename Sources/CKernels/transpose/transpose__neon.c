// Transposes in squares held in registers, as in transpose__avx2.c: 4 x 4 words, 16 x 16 bytes.
#if defined(__aarch64__)
#include "transpose.h"

#include <arm_neon.h>

static void square32(const uint32_t *x, size_t columns, uint32_t *y, size_t rows) {
  uint32x4_t a[4], b[4];
  for (size_t i = 0; i < 4; i++) a[i] = vld1q_u32(x + i * columns);
  for (int step = 0; step < 2; step++) {
    for (int i = 0; i < 2; i++) {
      b[2 * i] = vzip1q_u32(a[i], a[i + 2]);
      b[2 * i + 1] = vzip2q_u32(a[i], a[i + 2]);
    }
    for (int i = 0; i < 4; i++) a[i] = b[i];
  }
  for (size_t i = 0; i < 4; i++) vst1q_u32(y + i * rows, a[i]);
}

static void square8(const uint8_t *x, size_t columns, uint8_t *y, size_t rows) {
  uint8x16_t a[16], b[16];
  for (size_t i = 0; i < 16; i++) a[i] = vld1q_u8(x + i * columns);
  for (int step = 0; step < 4; step++) {
    for (int i = 0; i < 8; i++) {
      b[2 * i] = vzip1q_u8(a[i], a[i + 8]);
      b[2 * i + 1] = vzip2q_u8(a[i], a[i + 8]);
    }
    for (int i = 0; i < 16; i++) a[i] = b[i];
  }
  for (size_t i = 0; i < 16; i++) vst1q_u8(y + i * rows, a[i]);
}

void ck_transpose32__neon(size_t rows, size_t columns, const uint32_t *x, uint32_t *y) {
  assert(rows > 0 && columns > 0 && x && y && x != y);
  TRANSPOSE(4, square32);
}

void ck_transpose8__neon(size_t rows, size_t columns, const uint8_t *x, uint8_t *y) {
  assert(rows > 0 && columns > 0 && x && y && x != y);
  TRANSPOSE(16, square8);
}
#endif
