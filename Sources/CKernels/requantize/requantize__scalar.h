// Rounding and clamping, as every int8 kernel must do it.
#pragma once
#include <math.h>
#include <stdint.h>

/// clamp(rne(t) + zero_point, lo, hi).
///
/// The bounds are integers, so clamping before rounding gives the same result as after it, and it makes the conversion
/// safe for values beyond int32 and for infinities. The order of the comparisons decides what NaN gives: hi.
static inline int8_t ck_round_clamp(float t, int32_t zero_point, int32_t lo, int32_t hi) {
  float upper = (float)(hi - zero_point), lower = (float)(lo - zero_point);
  t = t < upper ? t : upper;
  t = t > lower ? t : lower;
  return (int8_t)(lrintf(t) + zero_point);
}
