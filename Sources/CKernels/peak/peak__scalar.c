// One multiplication and one addition after the other, as the scalar kernels are written: fmaf in float32, which is a
// call where the processor's baseline has no such instruction.
#include <math.h>

#include "peak.h"

// A call saves and restores every sum, so there are few.
enum { F32_SUMS = 4 };

static uint64_t run_f32(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  volatile float hidden = 1;
  const float one = hidden;  // unknown to the compiler
  float sums[F32_SUMS] = {0};
  for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < F32_SUMS; i++) sums[i] = fmaf(one, one, sums[i]);
  }
  uint64_t total = 0;
  for (int i = 0; i < F32_SUMS; i++) total += (uint64_t)sums[i];
  return total;
}

static uint64_t run_s8(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  int32_t sums[CK_PEAK_SUMS] = {0};
  int32_t one = 1;
  for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CK_PEAK_SUMS; i++) {
      CK_PEAK_HIDE("+r", one);
      sums[i] += one * one;
    }
  }
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) total += (uint64_t)sums[i];
  return total;
}

const ck_peak ck_peak_f32__scalar = {"peak_f32__scalar", 0, run_f32};
const ck_peak ck_peak_s8__scalar = {"peak_s8__scalar", 0, run_s8};
