// Resizing, two source pixels at a time.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#include "resize.h"

enum { BYTES_READ = 8, PAIR_BYTES = 6 };

static void rgb_row(const ck_resize_filter *f, size_t pixels, const uint8_t *x, uint8_t *y) {
  assert(is_resize_filter(f) && pixels > 0 && x && y);
  for (size_t i = 0; i < f->count; i++) {
    const size_t pairs = ((size_t)f->lengths[i] + 1) / 2;
    const size_t first = 3 * (size_t)f->starts[i];
    if (first + (pairs - 1) * PAIR_BYTES + BYTES_READ > 3 * pixels) {
      resize_pixel(f, i, 3, x, y);
      continue;
    }
    const int32_t *const weights = f->weights + i * f->taps;
    uint32x4_t even = vdupq_n_u32(CK_RESIZE_HALF), odd = vdupq_n_u32(0);
    for (size_t p = 0; p < pairs; p++) {
      const uint16x8_t values = vmovl_u8(vld1_u8(x + first + p * PAIR_BYTES));
      const uint16x4_t second = vget_low_u16(vextq_u16(values, values, 3));
      even = vmlaq_n_u32(even, vmovl_u16(vget_low_u16(values)), (uint32_t)weights[2 * p]);
      odd = vmlaq_n_u32(odd, vmovl_u16(second), (uint32_t)weights[2 * p + 1]);
    }
    const uint16x4_t sums = vmovn_u32(vshrq_n_u32(vaddq_u32(even, odd), CK_RESIZE_BITS));
    const uint32_t pixel = vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(sums, sums))), 0);
    // Four bytes in one store but at the end: the next pixel writes the last of them again.
    if (i + 1 < f->count) {
      memcpy(y + 3 * i, &pixel, 4);
    } else {
      memcpy(y + 3 * i, &pixel, 3);
    }
  }
}

// NEON is AArch64's baseline: the compiler has made all it can of the other loops.
const ck_resize_set ck_resize__neon = {
    .name = "resize__neon",
    .rgb_row = rgb_row,
    .gray_row = ck_resize_gray_row__scalar,
    .add_row = ck_resize_add_row__scalar,
    .round_row = ck_resize_round_row__scalar,
};
#endif
