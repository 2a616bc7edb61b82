// Depthwise blocks of 16 channels with the baseline's widening multiplications.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "dwconv_s8.h"

#pragma STDC FP_CONTRACT OFF

// Products of two slots are added in int16, which holds any two (see igemm_s8__neon.c), those of four in int32: 4
// instructions for what sdot does.
ALWAYS int32x4_t dot(int32x4_t acc, int8x16_t x, int8x16_t w) {
  int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w)), high = vmull_high_s8(x, w);
  return vpadalq_s16(acc, vpaddq_s16(low, high));
}

#include "dwconv_s8__128.h"

DWCONV_DEFINE_KERNEL(ck_dwconv_s8__neon, "dwconv_s8__neon", NEEDS_NEON, set);
#endif
