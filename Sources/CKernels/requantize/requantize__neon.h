// Requantization in NEON registers. See requantize__avx512.h for why it is exact; conversion saturates here.
#pragma once
#include <arm_neon.h>

#include "ck_int8.h"

typedef struct {
  float32x4_t bound;     // hi - zero_point
  int16x8_t zero_point;
  int8x16_t lower, upper;
} requantize_128;

static inline requantize_128 requantize_128_make(int32_t zero_point, int32_t lo, int32_t hi) {
  requantize_128 r = {vdupq_n_f32((float)(hi - zero_point)), vdupq_n_s16((int16_t)zero_point), vdupq_n_s8((int8_t)lo),
                      vdupq_n_s8((int8_t)hi)};
  return r;
}

/// Rounds scaled values: for any value at all. NaN becomes the upper bound: this minimum gives the number.
static inline int32x4_t requantize_128_round_any(float32x4_t scaled, requantize_128 r) {
  return vcvtnq_s32_f32(vminnmq_f32(scaled, r.bound));
}

/// The same for values that are not NaN.
static inline int32x4_t requantize_128_round(float32x4_t scaled) { return vcvtnq_s32_f32(scaled); }

/// Narrows four rounded vectors, one after the other.
static inline int8x16_t requantize_128_narrow(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, requantize_128 r) {
  int16x8_t ab = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(a), b), r.zero_point);
  int16x8_t cd = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(c), d), r.zero_point);
  return vmaxq_s8(vminq_s8(vqmovn_high_s16(vqmovn_s16(ab), cd), r.upper), r.lower);
}
