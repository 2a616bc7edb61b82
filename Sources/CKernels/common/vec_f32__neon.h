// Vectors of four floats, NEON. See vec_f32__scalar.h for what the names mean.
#pragma once
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#define VF_WIDTH 4

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm;

static inline vf vf_load(const float *p) { return vld1q_f32(p); }
static inline void vf_store(float *p, vf x) { vst1q_f32(p, x); }
// The first n lanes, n <= VF_WIDTH; nothing beyond them is touched, lanes beyond read as 0.
static inline vf vf_load_first(const float *p, size_t n) {
  vf x = vdupq_n_f32(0);
  switch (n) {
    case 4: return vld1q_f32(p);
    case 3: x = vld1q_lane_f32(p + 2, x, 2);  // fallthrough
    case 2: return vcombine_f32(vld1_f32(p), vget_high_f32(x));
    case 1: return vld1q_lane_f32(p, x, 0);
    default: return x;
  }
}
static inline void vf_store_first(float *p, vf x, size_t n) {
  switch (n) {
    case 4: vst1q_f32(p, x); break;
    case 3: vst1q_lane_f32(p + 2, x, 2);  // fallthrough
    case 2: vst1_f32(p, vget_low_f32(x)); break;
    case 1: vst1q_lane_f32(p, x, 0); break;
    default: break;
  }
}
static inline vf vf_set1(float x) { return vdupq_n_f32(x); }
static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
// a[lane] * b + c, the lane a constant.
#define vf_fma_lane(a, lane, b, c) vfmaq_laneq_f32(c, b, a, lane)
static inline vf vf_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
static inline vf vf_sqrt(vf x) { return vsqrtq_f32(x); }
// The instructions for minimum and maximum give NaN where either operand is.
static inline vf vf_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline vf vf_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline vf vf_round(vf x) { return vrndnq_f32(x); }
static inline vf vf_floor(vf x) { return vrndmq_f32(x); }
static inline vf vf_ceil(vf x) { return vrndpq_f32(x); }
static inline vm vf_less(vf a, vf b) { return vcltq_f32(a, b); }
static inline vm vf_is_nan(vf x) { return vmvnq_u32(vceqq_f32(x, x)); }
static inline vf vf_select(vm m, vf yes, vf no) { return vbslq_f32(m, yes, no); }
static inline unsigned vm_count(vm m) { return vaddvq_u32(vshrq_n_u32(m, 31)); }

static inline vi vi_set1(int32_t x) { return vdupq_n_s32(x); }
static inline vi vi_bits(vf x) { return vreinterpretq_s32_f32(x); }
static inline vf vf_bits(vi i) { return vreinterpretq_f32_s32(i); }
static inline vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
static inline vi vi_sub(vi a, vi b) { return vsubq_s32(a, b); }
static inline vi vi_and(vi a, vi b) { return vandq_s32(a, b); }
static inline vi vi_or(vi a, vi b) { return vorrq_s32(a, b); }
static inline vi vi_xor(vi a, vi b) { return veorq_s32(a, b); }
static inline vi vi_shift_left(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(n)); }
static inline vi vi_shift_right(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(-n)); }
// Conversion saturates here; x86 gives INT32_MIN for all it cannot convert.
static inline vi vi_from_vf(vf x) {
  return vbslq_s32(vcaltq_f32(x, vdupq_n_f32(0x1p31f)), vcvtq_s32_f32(x), vdupq_n_s32(INT32_MIN));
}
static inline vf vf_from_vi(vi i) { return vcvtq_f32_s32(i); }
static inline void vi_store(int32_t *p, vi i) { vst1q_s32(p, i); }
