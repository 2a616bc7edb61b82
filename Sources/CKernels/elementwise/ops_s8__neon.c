// Element-wise and pooling operators in blocks of 16 bytes.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#include "lookup/lut_s8.h"
#include "requantize/requantize__neon.h"

#pragma STDC FP_CONTRACT OFF

enum { WIDTH = 16 };
typedef float32x4_t vector_f;
typedef int8x16_t bytes;
typedef requantize_128 requantizer;
typedef struct {
  int32x4_t v[4];
} sums;

static inline vector_f splat(float f) { return vdupq_n_f32(f); }
static inline vector_f mul_f(vector_f a, vector_f b) { return vmulq_f32(a, b); }
static inline vector_f add_f(vector_f a, vector_f b) { return vaddq_f32(a, b); }
static inline vector_f div_f(vector_f a, vector_f b) { return vdivq_f32(a, b); }
static inline vector_f load_floats(const float *x) { return vld1q_f32(x); }
static inline void store_floats(vector_f x, float *y) { vst1q_f32(y, x); }
static inline vector_f zero_nan(vector_f x) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), vceqq_f32(x, x)));
}

// Differences of bytes and a zero point fit int16.
static inline void load_block(const int8_t *x, int32_t z, vector_f v[4]) {
  int8x16_t all = vld1q_s8(x);
  int8x8_t zero_point = vdup_n_s8((int8_t)z);
  int16x8_t low = vsubl_s8(vget_low_s8(all), zero_point), high = vsubl_s8(vget_high_s8(all), zero_point);
  v[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
  v[1] = vcvtq_f32_s32(vmovl_high_s16(low));
  v[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
  v[3] = vcvtq_f32_s32(vmovl_high_s16(high));
}

static inline requantizer make_requantizer(int32_t zero_point, int32_t lo, int32_t hi) {
  return requantize_128_make(zero_point, lo, hi);
}

static inline bytes load_bytes(const int8_t *x) { return vld1q_s8(x); }
static inline bytes max_bytes(bytes a, bytes b) { return vmaxq_s8(a, b); }
static inline bytes splat_bytes(int8_t x) { return vdupq_n_s8(x); }

static inline void store_bytes(bytes b, int8_t *y, size_t n) {
  if (n == WIDTH) {
    vst1q_s8(y, b);
    return;
  }
  int8_t tail[WIDTH];
  vst1q_s8(tail, b);
  memcpy(y, tail, n);
}

static inline void store_block(const vector_f v[4], requantizer r, int8_t *y, size_t n) {
  store_bytes(requantize_128_narrow(requantize_128_round_any(v[0], r), requantize_128_round_any(v[1], r),
                                    requantize_128_round_any(v[2], r), requantize_128_round_any(v[3], r), r),
              y, n);
}

static inline void interleave_three(const int8_t *const planes[3], int8_t *y) {
  int8x16x3_t x = {{vld1q_s8(planes[0]), vld1q_s8(planes[1]), vld1q_s8(planes[2])}};
  vst3q_s8(y, x);
}

static inline sums zero_sums(void) {
  sums s = {{vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)}};
  return s;
}

static inline sums add_to_sums(sums s, const int8_t *x) {
  int8x16_t all = vld1q_s8(x);
  int16x8_t low = vmovl_s8(vget_low_s8(all)), high = vmovl_high_s8(all);
  s.v[0] = vaddw_s16(s.v[0], vget_low_s16(low));
  s.v[1] = vaddw_high_s16(s.v[1], low);
  s.v[2] = vaddw_s16(s.v[2], vget_low_s16(high));
  s.v[3] = vaddw_high_s16(s.v[3], high);
  return s;
}

static inline void sums_block(sums s, int32_t offset, vector_f v[4]) {
  for (size_t i = 0; i < 4; i++) v[i] = vcvtq_f32_s32(vsubq_s32(s.v[i], vdupq_n_s32(offset)));
}

#include "ops_s8.h"

OPS_DEFINE_SET(ck_int8_ops__neon, "ops_s8__neon", ck_lut_s8__neon);
#endif
