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

/// Small sums (ck_is_small) are converted without the instructions for it, of which a Cortex-A76 starts one every two
/// cycles. 3 * 2^22, as float32, is added to them with the bias: that number's bits plus the sum are the bits of that
/// number plus the sum, and taking it off again is exact. Scaled values it rounds when it is added to them, half to
/// even, as the next number is 1 apart; the lower half of the bits then is the value, as int16.
enum { REQUANTIZE_128_SMALL = 0x4b400000 };

/// Rounds small sums, which include REQUANTIZE_128_SMALL; results do, too.
static inline int32x4_t requantize_128_round_small(int32x4_t sums, float32x4_t multiplier) {
  const float32x4_t base = vreinterpretq_f32_s32(vdupq_n_s32(REQUANTIZE_128_SMALL));
  float32x4_t scaled = vmulq_f32(vsubq_f32(vreinterpretq_f32_s32(sums), base), multiplier);
  return vreinterpretq_s32_f32(vaddq_f32(scaled, base));
}

/// Narrows four vectors of int16, from zero point 0 to that of the output.
static inline int8x16_t requantize_128_narrow_halves(int16x8_t ab, int16x8_t cd, requantize_128 r) {
  int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(vqaddq_s16(ab, r.zero_point)), vqaddq_s16(cd, r.zero_point));
  return vmaxq_s8(vminq_s8(bytes, r.upper), r.lower);
}

/// Narrows four vectors of requantize_128_round_small, one after the other.
static inline int8x16_t requantize_128_narrow_small(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d,
                                                    requantize_128 r) {
  int16x8_t ab = vuzp1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
  int16x8_t cd = vuzp1q_s16(vreinterpretq_s16_s32(c), vreinterpretq_s16_s32(d));
  return requantize_128_narrow_halves(ab, cd, r);
}

/// Narrows four rounded vectors, one after the other.
static inline int8x16_t requantize_128_narrow(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, requantize_128 r) {
  return requantize_128_narrow_halves(vqmovn_high_s32(vqmovn_s32(a), b), vqmovn_high_s32(vqmovn_s32(c), d), r);
}
