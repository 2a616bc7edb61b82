// Vectors of one float: what the scalar kernels are written with. The vec_f32__<isa>.h beside it offer the same
// names for wider registers, so a formula in math_f32.h is one sequence of correctly rounded steps on all of them.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_WIDTH 1

typedef float vf;    // lanes of float32
typedef int32_t vi;  // lanes of int32
typedef int vm;      // one truth value for each lane

static inline vf vf_load(const float *p) { return *p; }
static inline void vf_store(float *p, vf x) { *p = x; }
static inline vf vf_set1(float x) { return x; }
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vf vf_sub(vf a, vf b) { return a - b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vf vf_div(vf a, vf b) { return a / b; }
static inline vf vf_fma(vf a, vf b, vf c) { return fmaf(a, b, c); }    // a * b + c
static inline vf vf_fnma(vf a, vf b, vf c) { return fmaf(-a, b, c); }  // c - a * b
static inline vf vf_sqrt(vf x) { return sqrtf(x); }
// As x86 has them: the second operand where either is NaN or both are zeros.
static inline vf vf_min(vf a, vf b) { return a < b ? a : b; }
static inline vf vf_max(vf a, vf b) { return a > b ? a : b; }
static inline vf vf_round(vf x) { return rintf(x); }  // half to even
static inline vf vf_floor(vf x) { return floorf(x); }
static inline vf vf_ceil(vf x) { return ceilf(x); }
static inline vm vf_less(vf a, vf b) { return a < b; }
static inline vm vf_is_nan(vf x) { return x != x; }
static inline vf vf_select(vm m, vf yes, vf no) { return m ? yes : no; }

static inline vi vi_set1(int32_t x) { return x; }
static inline vi vi_bits(vf x) {
  vi i;
  memcpy(&i, &x, sizeof i);
  return i;
}
static inline vf vf_bits(vi i) {
  vf x;
  memcpy(&x, &i, sizeof x);
  return x;
}
// Lanes wrap around, as vector integers do.
static inline vi vi_add(vi a, vi b) { return (vi)((uint32_t)a + (uint32_t)b); }
static inline vi vi_sub(vi a, vi b) { return (vi)((uint32_t)a - (uint32_t)b); }
static inline vi vi_and(vi a, vi b) { return a & b; }
static inline vi vi_or(vi a, vi b) { return a | b; }
static inline vi vi_xor(vi a, vi b) { return a ^ b; }
static inline vi vi_shift_left(vi a, int n) { return (vi)((uint32_t)a << n); }
static inline vi vi_shift_right(vi a, int n) { return a >> n; }  // arithmetic
// For integral x of less than 2^31; INT32_MIN for NaN, as x86 has it.
static inline vi vi_from_vf(vf x) { return x > -0x1p31f && x < 0x1p31f ? (vi)x : INT32_MIN; }
static inline vf vf_from_vi(vi i) { return (vf)i; }
