// Depthwise blocks of 16 channels with sdot: one for 4 kernel rows of 4 channels.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "dwconv_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(NEON_DOT)

ALWAYS int32x4_t dot(int32x4_t acc, int8x16_t x, int8x16_t w) { return vdotq_s32(acc, x, w); }

#include "dwconv_s8__128.h"

DWCONV_DEFINE_KERNEL(ck_dwconv_s8__neondot, "dwconv_s8__neondot", NEEDS_NEON_DOT, set);

END_COMPILE_FOR
#endif
