// The element-wise functions of ck_function, written once over the vectors of vec_f32__<isa>.h (include one first).
//
// Every step is a correctly rounded operation, so all widths give the same bits. NaN in gives NaN out (its payload is
// not defined): clamps keep the operand that may be NaN second, where vf_min and vf_max return it. Coefficients are
// minimax fits rounded to float32. Errors against double precision are in units in the last place (ulp) and tested.
#pragma once
#include <float.h>
#include <math.h>

#include "ck_float.h"

#pragma STDC FP_CONTRACT OFF

static inline vf vf_abs(vf x) { return vf_bits(vi_and(vi_bits(x), vi_set1(INT32_MAX))); }
static inline vf vf_negate(vf x) { return vf_bits(vi_xor(vi_bits(x), vi_set1(INT32_MIN))); }
static inline vf vf_copy_sign(vf magnitude, vf sign) {
  return vf_bits(vi_or(vi_bits(vf_abs(magnitude)), vi_and(vi_bits(sign), vi_set1(INT32_MIN))));
}
/// -inf becomes the lowest finite value, so that a factor that has fallen to 0 gives -0 and not NaN.
static inline vf vf_finite_below(vf x) { return vf_max(vf_set1(-FLT_MAX), x); }

static inline vf vf_clip(vf x, vf lo, vf hi) { return vf_min(hi, vf_max(lo, x)); }

// x = n * ln 2 + r with |r| <= ln 2 / 2 (Cody-Waite, ln 2 in two parts) and exp(r) - 1 = r + r^2 * q(r).
typedef struct {
  vf n, expm1;
} vf_reduced;

static inline vf_reduced vf_reduce_exp(vf x) {
  vf n = vf_round(vf_mul(x, vf_set1(0x1.715476p+0f)));
  vf r = vf_fnma(n, vf_set1(0x1.62e400p-1f), x);
  r = vf_fnma(n, vf_set1(0x1.7f7d1cp-20f), r);
  vf q = vf_set1(0x1.6db5bap-10f);
  q = vf_fma(q, r, vf_set1(0x1.123c78p-7f));
  q = vf_fma(q, r, vf_set1(0x1.55545cp-5f));
  q = vf_fma(q, r, vf_set1(0x1.55548ep-3f));
  q = vf_fma(q, r, vf_set1(0.5f));
  return (vf_reduced){n, vf_fma(vf_mul(r, r), q, r)};
}

/// 2^n for an integer -126 <= n <= 127.
static inline vf vf_power2(vi n) { return vf_bits(vi_shift_left(vi_add(n, vi_set1(127)), 23)); }

/// exp(x), 1.1 ulp, subnormal results included.
static inline vf vf_exp(vf x) {
  vf_reduced e = vf_reduce_exp(vf_min(vf_set1(89.0f), vf_max(vf_set1(-104.0f), x)));
  // Two factors: 2^n itself may be subnormal or overflow where the product does not. Only the second product rounds.
  vi n = vi_from_vf(e.n), half = vi_shift_right(n, 1);
  vf y = vf_mul(vf_add(e.expm1, vf_set1(1.0f)), vf_power2(half));
  return vf_mul(y, vf_power2(vi_sub(n, half)));
}

/// exp(x) - 1 for x <= 0, 2 ulp.
static inline vf vf_expm1_negative(vf x) {
  vf_reduced e = vf_reduce_exp(vf_max(vf_set1(-30.0f), x));
  vf scale = vf_power2(vi_from_vf(e.n));
  return vf_fma(e.expm1, scale, vf_sub(scale, vf_set1(1.0f)));
}

/// (2 atanh(s) - 2 s) / s^3 as a polynomial in z = s^2 <= 1 / 9.
static inline vf vf_atanh_tail(vf z) {
  vf p = vf_set1(0x1.f1aee6p-3f);
  p = vf_fma(p, z, vf_set1(0x1.b6d6a2p-3f));
  p = vf_fma(p, z, vf_set1(0x1.250972p-2f));
  p = vf_fma(p, z, vf_set1(0x1.9996a8p-2f));
  return vf_fma(p, z, vf_set1(0x1.555558p-1f));
}

/// log(x), 1 ulp; -inf at 0, NaN below.
static inline vf vf_log(vf x) {
  // x = 2^k * m, sqrt(1/2) <= m < sqrt(2); log m = f - (f^2/2 - s (f^2/2 + R)), f = m - 1, s = f / (2 + f).
  vm tiny = vf_less(x, vf_set1(FLT_MIN));
  vf normal = vf_select(tiny, vf_mul(x, vf_set1(0x1p25f)), x);
  vi bits = vi_bits(normal), exponent = vi_shift_right(vi_sub(bits, vi_set1(0x3f3504f3)), 23);
  vf f = vf_sub(vf_bits(vi_sub(bits, vi_shift_left(exponent, 23))), vf_set1(1.0f));
  vf k = vf_sub(vf_from_vi(exponent), vf_select(tiny, vf_set1(25.0f), vf_set1(0.0f)));
  vf s = vf_div(f, vf_add(vf_set1(2.0f), f)), z = vf_mul(s, s);
  vf half_square = vf_mul(vf_mul(f, vf_set1(0.5f)), f);
  vf tail = vf_fma(s, vf_fma(z, vf_atanh_tail(z), half_square), vf_mul(k, vf_set1(0x1.7f7d1cp-20f)));
  vf y = vf_fma(k, vf_set1(0x1.62e400p-1f), vf_sub(f, vf_sub(half_square, tail)));
  vf zero = vf_set1(0.0f);
  y = vf_select(vf_less(zero, x), y, vf_select(vf_less(x, zero), vf_set1(NAN), vf_set1(-INFINITY)));
  return vf_select(vf_less(x, vf_set1(INFINITY)), y, x);  // inf and NaN are their own logarithms
}

/// 1 / (1 + exp(-x)), 2 ulp.
static inline vf vf_sigmoid(vf x) {
  // exp(-|x|) never overflows: 1 / (1 + e) above 0, e / (1 + e) below.
  vf e = vf_exp(vf_negate(vf_abs(x)));
  vf above = vf_select(vf_less(x, vf_set1(0.0f)), e, vf_set1(1.0f));
  return vf_div(above, vf_add(vf_set1(1.0f), e));
}

/// x * sigmoid(x), 3.2 ulp; below -87, where exp(x) is subnormal, 2^-149 |x|.
static inline vf vf_silu(vf x) {
  vf e = vf_exp(vf_negate(vf_abs(x)));
  vf above = vf_select(vf_less(x, vf_set1(0.0f)), e, vf_set1(1.0f));
  return vf_div(vf_mul(vf_finite_below(x), above), vf_add(vf_set1(1.0f), e));
}

/// tanh(x) = -t / (t + 2) with t = exp(-2 |x|) - 1, 3 ulp.
static inline vf vf_tanh(vf x) {
  vf t = vf_expm1_negative(vf_mul(vf_abs(x), vf_set1(-2.0f)));
  return vf_copy_sign(vf_div(t, vf_add(t, vf_set1(2.0f))), x);
}

/// erf(x), 2 ulp: x + x P(x^2) near 0, 1 - exp(-Q(|x|)) beyond.
static inline vf vf_erf(vf x) {
  vf t = vf_min(vf_set1(4.0f), vf_abs(x)), z = vf_mul(x, x);
  vf p = vf_set1(-0x1.39fbaep-11f);
  p = vf_fma(p, z, vf_set1(0x1.473d40p-8f));
  p = vf_fma(p, z, vf_set1(-0x1.b68d5cp-6f));
  p = vf_fma(p, z, vf_set1(0x1.ce1ab6p-4f));
  p = vf_fma(p, z, vf_set1(-0x1.8126e8p-2f));
  p = vf_fma(p, z, vf_set1(0x1.06eba6p-3f));
  vf near = vf_fma(p, x, x);
  vf q = vf_set1(-0x1.98d53ep-13f);
  q = vf_fma(q, t, vf_set1(0x1.8da1d4p-9f));
  q = vf_fma(q, t, vf_set1(-0x1.6b8eacp-6f));
  q = vf_fma(q, t, vf_set1(0x1.a9654ep-4f));
  q = vf_fma(q, t, vf_set1(0x1.4647b2p-1f));
  q = vf_fma(q, t, vf_set1(0x1.20ac30p+0f));
  q = vf_fma(q, t, vf_set1(0x1.b220d8p-13f));
  vf far = vf_copy_sign(vf_sub(vf_set1(1.0f), vf_exp(vf_negate(q))), x);
  return vf_select(vf_less(vf_abs(x), vf_set1(0x1.d8p-1f)), near, far);
}

/// x / 2 * (1 + erf(x / sqrt 2)); the error is at most 2^-22 |x|: the sum cancels below 0.
static inline vf vf_gelu(vf x) {
  vf half = vf_mul(vf_finite_below(x), vf_set1(0.5f));
  return vf_mul(half, vf_add(vf_set1(1.0f), vf_erf(vf_mul(x, vf_set1(0x1.6a09e6p-1f)))));
}

/// log(1 + exp(x)) = max(x, 0) + log1p(e), e = exp(-|x|), log1p(e) = 2 atanh(e / (2 + e)); 3 ulp.
static inline vf vf_softplus(vf x) {
  vf e = vf_exp(vf_negate(vf_abs(x)));
  vf s = vf_div(e, vf_add(vf_set1(2.0f), e)), z = vf_mul(s, s);
  vf log1p = vf_fma(vf_mul(s, z), vf_atanh_tail(z), vf_add(s, s));
  return vf_add(vf_max(vf_set1(0.0f), x), log1p);
}

/// x * tanh(log(1 + e)), e = exp(x): the tangent is w / (w + 2) with w = e^2 + 2 e; 4 ulp, or 2^-149 |x|
/// where exp(x) is subnormal.
static inline vf vf_mish(vf x) {
  // From 20 on the quotient is 1 in float32.
  vf e = vf_exp(vf_min(vf_set1(20.0f), x));
  vf w = vf_fma(e, e, vf_add(e, e));
  return vf_mul(vf_finite_below(x), vf_div(w, vf_add(w, vf_set1(2.0f))));
}

/// a * (exp(x) - 1) below 0, x elsewhere.
static inline vf vf_elu(vf x, vf a) {
  vm below = vf_less(x, vf_set1(0.0f));
  return vf_select(below, vf_mul(a, vf_expm1_negative(vf_select(below, x, vf_set1(0.0f)))), x);
}

static inline vf vf_hard_sigmoid(vf x, vf a, vf b) {
  return vf_clip(vf_fma(a, x, b), vf_set1(0.0f), vf_set1(1.0f));
}

static inline vf vf_hard_swish(vf x) {
  return vf_mul(vf_finite_below(x), vf_hard_sigmoid(x, vf_set1(1.0f / 6.0f), vf_set1(0.5f)));
}

/// -1 below 0, 1 above, zeros as they are.
static inline vf vf_sign(vf x) {
  vf zero = vf_set1(0.0f);
  return vf_select(vf_less(zero, x), vf_set1(1.0f), vf_select(vf_less(x, zero), vf_set1(-1.0f), x));
}

/// f(x) one lane after the other in double precision: functions too rare for vectors of their own, to half an ulp.
static inline vf vf_elementary(ck_function f, vf x) {
  float lanes[VF_WIDTH];
  vf_store(lanes, x);
  for (int lane = 0; lane < VF_WIDTH; lane++) lanes[lane] = (float)ck_elementary(f, lanes[lane]);
  return vf_load(lanes);
}

/// The bounds that make CK_IDENTITY and CK_CLIP one clip: infinite ones return every x unchanged, bit for bit.
static inline int f32_is_clip(ck_activation f) { return f.function == CK_IDENTITY || f.function == CK_CLIP; }
static inline float f32_lower(ck_activation f) { return f.function == CK_CLIP ? f.a : -INFINITY; }
static inline float f32_upper(ck_activation f) { return f.function == CK_CLIP ? f.b : INFINITY; }

// Expands body(expression) in a switch over f.function, where the expression is f(x) and mentions the vectors x, a, b.
#define F32_EACH_FUNCTION(f, body)                                        \
  switch ((f).function) {                                                 \
    case CK_IDENTITY: body(x); break;                                     \
    case CK_CLIP: body(vf_clip(x, a, b)); break;                          \
    case CK_SIGMOID: body(vf_sigmoid(x)); break;                          \
    case CK_SILU: body(vf_silu(x)); break;                                \
    case CK_TANH: body(vf_tanh(x)); break;                                \
    case CK_HARD_SIGMOID: body(vf_hard_sigmoid(x, a, b)); break;          \
    case CK_HARD_SWISH: body(vf_hard_swish(x)); break;                    \
    case CK_LEAKY_RELU:                                                   \
      body(vf_select(vf_less(x, vf_set1(0.0f)), vf_mul(a, x), x));        \
      break;                                                              \
    case CK_ELU: body(vf_elu(x, a)); break;                               \
    case CK_GELU: body(vf_gelu(x)); break;                                \
    case CK_ERF: body(vf_erf(x)); break;                                  \
    case CK_EXP: body(vf_exp(x)); break;                                  \
    case CK_SOFTPLUS: body(vf_softplus(x)); break;                        \
    case CK_MISH: body(vf_mish(x)); break;                                \
    case CK_LOG: body(vf_log(x)); break;                                  \
    case CK_SQRT: body(vf_sqrt(x)); break;                                \
    case CK_ABS: body(vf_abs(x)); break;                                  \
    case CK_NEG: body(vf_negate(x)); break;                               \
    case CK_RECIPROCAL: body(vf_div(vf_set1(1.0f), x)); break;            \
    case CK_FLOOR: body(vf_floor(x)); break;                              \
    case CK_CEIL: body(vf_ceil(x)); break;                                \
    case CK_SELU: body(vf_mul(b, vf_elu(x, a))); break;                   \
    case CK_SIGN: body(vf_sign(x)); break;                                \
    case CK_SIN:                                                          \
    case CK_COS:                                                          \
    case CK_TAN:                                                          \
    case CK_ASIN:                                                         \
    case CK_ACOS:                                                         \
    case CK_ATAN:                                                         \
    case CK_SINH:                                                         \
    case CK_COSH:                                                         \
    case CK_ASINH:                                                        \
    case CK_ACOSH:                                                        \
    case CK_ATANH: body(vf_elementary((f).function, x)); break;           \
    case CK_ROUND: body(vf_round(x)); break;                              \
  }
