// AArch64: fused multiply-adds in float32; in int8 widening multiplications, of which two products and then neighbours
// are added up (baseline), dot products of four bytes, or products of 2x8 by 8x2 matrices.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "common/compile.h"
#include "peak.h"

static uint64_t total_s32(const int32x4_t *sums) {
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) total += (uint64_t)vaddlvq_s32(sums[i]);
  return total;
}

static uint64_t run_f32(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  float32x4_t sums[CK_PEAK_SUMS], one = vdupq_n_f32(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = vdupq_n_f32(0);
  CK_PEAK_LOOP("+w", vfmaq_f32(sums[i], one, one))
  uint64_t total = 0;
  for (int i = 0; i < CK_PEAK_SUMS; i++) total += (uint64_t)vaddvq_f32(sums[i]);
  return total;
}

static uint64_t run_s8(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  int32x4_t sums[CK_PEAK_SUMS];
  int8x8_t one = vdup_n_s8(1), other = one;
  CK_PEAK_HIDE("+w", other);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = vdupq_n_s32(0);
  CK_PEAK_LOOP("+w", vpadalq_s16(sums[i], vmlal_s8(vmull_s8(one, one), one, other)))
  return total_s32(sums);
}

__attribute__((target(TARGET_NEON_DOT))) static uint64_t run_s8_dot(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  int32x4_t sums[CK_PEAK_SUMS];
  int8x16_t one = vdupq_n_s8(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = vdupq_n_s32(0);
  CK_PEAK_LOOP("+w", vdotq_s32(sums[i], one, one))
  return total_s32(sums);
}

__attribute__((target(TARGET_NEON_I8MM))) static uint64_t run_s8_i8mm(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  int32x4_t sums[CK_PEAK_SUMS];
  int8x16_t one = vdupq_n_s8(1);
  for (int i = 0; i < CK_PEAK_SUMS; i++) sums[i] = vdupq_n_s32(0);
  CK_PEAK_LOOP("+w", vmmlaq_s32(sums[i], one, one))
  return total_s32(sums);
}

const ck_peak ck_peak_f32__neon = {"peak_f32__neon", NEEDS_NEON, run_f32};
const ck_peak ck_peak_s8__neon = {"peak_s8__neon", NEEDS_NEON, run_s8};
const ck_peak ck_peak_s8__neondot = {"peak_s8__neondot", NEEDS_NEON_DOT, run_s8_dot};
const ck_peak ck_peak_s8__neoni8mm = {"peak_s8__neoni8mm", NEEDS_NEON_I8MM, run_s8_i8mm};
#endif
