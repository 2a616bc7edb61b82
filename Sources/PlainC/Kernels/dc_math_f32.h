// Float32 operations, each rounded once, and the functions made of them: the same bits with every compiler. Errors are
// in units in the last place (ulp). NaN goes in and out of every function; which NaN is not defined.
#ifndef DC_MATH_F32_H
#define DC_MATH_F32_H

#include <math.h>

#include "dc_common.h"

#if defined(__FMA__) || defined(__aarch64__) || defined(__ARM_FEATURE_FMA) || defined(__FP_FAST_FMAF) || \
    defined(__s390x__) || defined(__powerpc64__)
#define DC_HAS_FMA 1
#endif

/// A significand and an exponent: significand * 2^exponent, the significand's highest bit being bit 62.
typedef struct {
  uint64_t significand;
  int32_t exponent;
} dc_parts;

DC_INLINE dc_parts dc_normalized(uint64_t significand, int32_t exponent) {
  for (; significand < (uint64_t)1 << 62; exponent--) significand <<= 1;
  dc_parts parts;
  parts.significand = significand, parts.exponent = exponent;
  return parts;
}

/// The parts of a finite number's magnitude that is not 0.
DC_INLINE dc_parts dc_parts_of(float x) {
  const uint32_t bits = dc_bits(x) & 0x7fffffff, exponent = bits >> 23;
  const uint32_t significand = exponent ? (bits & 0x7fffff) | 0x800000 : bits;
  return dc_normalized(significand, (int32_t)(exponent ? exponent : 1) - 150);
}

/// value >> count, a bit that is lost being kept in the last.
DC_INLINE uint64_t dc_shift_right(uint64_t value, int32_t count) {
  if (count <= 0) return value;
  if (count > 63) return value != 0;
  return value >> count | ((value & (((uint64_t)1 << count) - 1)) != 0);
}

/// a * b + c, rounded once, in integers.
DC_FUNCTION float dc_fma_by_integers(float a, float b, float c) {
  const uint32_t infinite = 0x7f800000, magnitude = 0x7fffffff;
  const int special = (dc_bits(a) & magnitude) >= infinite || (dc_bits(b) & magnitude) >= infinite ||
                      (dc_bits(c) & magnitude) >= infinite;
  // A product of two significands of 24 bits is exact in double.
  if (special || a == 0 || b == 0) {
    const double product = (double)a * (double)b;
    return dc_float32((float)(product + (double)c));
  }
  if (c == 0) {
    const double product = (double)a * (double)b;
    return dc_float32((float)product);
  }
  const dc_parts pa = dc_parts_of(a), pb = dc_parts_of(b), pc = dc_parts_of(c);
  const dc_parts p =
      dc_normalized((pa.significand >> 39) * (pb.significand >> 39), pa.exponent + pb.exponent + 78);
  const uint32_t sign_p = (dc_bits(a) ^ dc_bits(b)) >> 31, sign_c = dc_bits(c) >> 31;
  const int32_t exponent = DC_LARGER(p.exponent, pc.exponent);
  const uint64_t x = dc_shift_right(p.significand, exponent - p.exponent);
  const uint64_t y = dc_shift_right(pc.significand, exponent - pc.exponent);
  uint64_t sum;
  uint32_t sign = sign_p;
  if (sign_p == sign_c) {
    sum = x + y;
  } else if (x >= y) {
    sum = x - y;
  } else {
    sum = y - x;
    sign = sign_c;
  }
  if (sum == 0) return 0.0f;
  int32_t top = 63;
  while (!(sum >> top)) top--;
  // Of the sum's bits a float32 has 24, fewer if it is subnormal.
  int32_t biased = exponent + top + 127, drop = top - 23;
  if (biased < 1) {
    drop += 1 - biased;
    biased = 1;
  }
  uint64_t kept;
  if (drop > 0) {
    const uint64_t shifted = dc_shift_right(sum, drop - 2);  // two bits more, the last for all that are lost
    kept = drop == 1 ? sum << 1 : shifted;
    kept = (kept >> 2) + ((kept & 3) > 2 || (kept & 7) == 6);
  } else {
    kept = sum << -drop;
  }
  // A significand that has been rounded up to the next power of two carries into the exponent.
  uint32_t bits = (uint32_t)kept + ((uint32_t)(biased - 1) << 23);
  if (biased > 254 || bits > infinite) bits = infinite;
  return dc_from_bits(bits | sign << 31);
}

/// a * b + c, rounded once, in double precision. The product is exact; rounding its sum with c twice, to double and to
/// float32, is as rounding once, but for sums in the middle between two floats and those that become subnormal. Such a
/// sum is rounded to odd, so that its last bit says on which side of it the exact sum is.
DC_INLINE float dc_fma_by_double(float a, float b, float c) {
  const double product = (double)a * (double)b, sum = product + (double)c;
  uint64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  const int is_middle = (bits & 0x1fffffff) == 0x10000000;
  const int is_subnormal = sum < (double)FLT_MIN && sum > -(double)FLT_MIN && sum != 0;
  if (!is_middle && !is_subnormal) return (float)sum;
  const double rest = sum - product, error = (product - (sum - rest)) + ((double)c - rest);
  if (!(bits & 1) && (error > 0 || error < 0)) bits += (error > 0) == (sum > 0) ? 1 : ~(uint64_t)0;
  double odd;
  memcpy(&odd, &bits, sizeof odd);
  return (float)odd;
}

/// a * b + c, rounded once.
DC_INLINE float dc_fma(float a, float b, float c) {
#if defined(DC_HAS_FMA)
  return fmaf(a, b, c);
#elif FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53
  return dc_fma_by_double(a, b, c);
#else
  return dc_fma_by_integers(a, b, c);
#endif
}

DC_INLINE float dc_plus(float a, float b) { return dc_float32(a + b); }
DC_INLINE float dc_minus(float a, float b) { return dc_float32(a - b); }
DC_INLINE float dc_quotient(float a, float b) { return dc_float32(a / b); }
DC_INLINE float dc_sqrt(float x) { return dc_float32(sqrtf(x)); }
// The second operand where either is NaN or both are zeros.
DC_INLINE float dc_min(float a, float b) { return a < b ? a : b; }
DC_INLINE float dc_max(float a, float b) { return a > b ? a : b; }

DC_INLINE float dc_infinity(void) { return dc_from_bits(0x7f800000); }
DC_INLINE float dc_nan(void) { return dc_from_bits(0x7fc00000); }
DC_INLINE float dc_abs(float x) { return dc_from_bits(dc_bits(x) & 0x7fffffff); }
DC_INLINE float dc_negative(float x) { return dc_from_bits(dc_bits(x) ^ 0x80000000); }
DC_INLINE float dc_copy_sign(float magnitude, float sign) {
  return dc_from_bits((dc_bits(magnitude) & 0x7fffffff) | (dc_bits(sign) & 0x80000000));
}

/// From 2^23 on, and for NaN, a number is its own integer.
DC_INLINE int dc_has_fraction(float x) { return dc_abs(x) < 8388608.0f; }

/// Half to even.
DC_INLINE float dc_round(float x) {
  if (!dc_has_fraction(x)) return x;
  return dc_copy_sign(dc_minus(dc_plus(dc_abs(x), 8388608.0f), 8388608.0f), x);
}
DC_INLINE float dc_floor(float x) {
  if (!dc_has_fraction(x)) return x;
  const float whole = (float)(int32_t)x;
  return dc_copy_sign(whole > x ? whole - 1 : whole, x);
}
DC_INLINE float dc_ceil(float x) {
  if (!dc_has_fraction(x)) return x;
  const float whole = (float)(int32_t)x;
  return dc_copy_sign(whole < x ? whole + 1 : whole, x);
}

/// 2^n for -126 <= n <= 127.
DC_INLINE float dc_power2(int32_t n) { return dc_from_bits((uint32_t)(n + 127) << 23); }

/// floor(n / 2)
DC_INLINE int32_t dc_half(int32_t n) { return n >= 0 ? n / 2 : -((1 - n) / 2); }

/// -inf becomes the lowest finite value, so that a factor that has fallen to 0 gives -0 and not NaN.
DC_INLINE float dc_finite_below(float x) { return dc_max(-FLT_MAX, x); }

DC_INLINE float dc_clip(float x, float lo, float hi) { return dc_min(hi, dc_max(lo, x)); }

/// x = n * ln 2 + r with |r| <= ln 2 / 2, and exp(r) - 1. |x| <= 104, or NaN.
typedef struct {
  int32_t n;
  float expm1;
} dc_reduced;

DC_INLINE dc_reduced dc_reduce_exp(float x) {
  const float n = dc_round(dc_product(x, 0x1.715476p+0f));
  const float r = dc_fma(-n, 0x1.7f7d1cp-20f, dc_fma(-n, 0x1.62e400p-1f, x));
  float q = 0x1.6db5bap-10f;
  q = dc_fma(q, r, 0x1.123c78p-7f);
  q = dc_fma(q, r, 0x1.55545cp-5f);
  q = dc_fma(q, r, 0x1.55548ep-3f);
  q = dc_fma(q, r, 0.5f);
  dc_reduced e;
  e.n = n == n ? (int32_t)n : 0;
  e.expm1 = dc_fma(dc_product(r, r), q, r);
  return e;
}

/// exp(x), 1.1 ulp.
DC_FUNCTION float dc_exp(float x) {
  const dc_reduced e = dc_reduce_exp(dc_min(89.0f, dc_max(-104.0f, x)));
  const int32_t half = dc_half(e.n);
  return dc_product(dc_product(dc_plus(e.expm1, 1.0f), dc_power2(half)), dc_power2(e.n - half));
}

/// exp(x) - 1 for x <= 0, 2 ulp.
DC_FUNCTION float dc_expm1_negative(float x) {
  const dc_reduced e = dc_reduce_exp(dc_max(-30.0f, x));
  const float scale = dc_power2(e.n);
  return dc_fma(e.expm1, scale, dc_minus(scale, 1.0f));
}

/// (2 atanh(s) - 2 s) / s^3 as a polynomial in z = s^2 <= 1 / 9.
DC_INLINE float dc_atanh_tail(float z) {
  float p = 0x1.f1aee6p-3f;
  p = dc_fma(p, z, 0x1.b6d6a2p-3f);
  p = dc_fma(p, z, 0x1.250972p-2f);
  p = dc_fma(p, z, 0x1.9996a8p-2f);
  return dc_fma(p, z, 0x1.555558p-1f);
}

/// log(x), 1 ulp; -inf at 0, NaN below.
DC_FUNCTION float dc_log(float x) {
  if (!(x < dc_infinity())) return x;
  if (!(x > 0)) return x < 0 ? dc_nan() : dc_negative(dc_infinity());
  // x = 2^k * m, sqrt(1/2) <= m < sqrt(2); log m = f - (f^2/2 - s (f^2/2 + R)), f = m - 1, s = f / (2 + f).
  const int tiny = x < FLT_MIN;
  const uint32_t bits = dc_bits(tiny ? dc_product(x, 33554432.0f) : x);
  const int32_t exponent = (int32_t)((bits - 0x3f3504f3 + 0x40000000) >> 23) - 128;
  const float f = dc_minus(dc_from_bits(bits - ((uint32_t)exponent << 23)), 1.0f);
  const float k = (float)(exponent - (tiny ? 25 : 0));
  const float s = dc_quotient(f, dc_plus(2.0f, f)), z = dc_product(s, s);
  const float half_square = dc_product(dc_product(f, 0.5f), f);
  const float tail = dc_fma(s, dc_fma(z, dc_atanh_tail(z), half_square), dc_product(k, 0x1.7f7d1cp-20f));
  return dc_fma(k, 0x1.62e400p-1f, dc_minus(f, dc_minus(half_square, tail)));
}

/// 1 / (1 + exp(-x)), 2 ulp.
DC_FUNCTION float dc_sigmoid(float x) {
  const float e = dc_exp(dc_negative(dc_abs(x)));
  return dc_quotient(x < 0 ? e : 1.0f, dc_plus(1.0f, e));
}

/// x * sigmoid(x), 3.2 ulp.
DC_FUNCTION float dc_silu(float x) {
  const float e = dc_exp(dc_negative(dc_abs(x)));
  return dc_quotient(dc_product(dc_finite_below(x), x < 0 ? e : 1.0f), dc_plus(1.0f, e));
}

/// tanh(x) = -t / (t + 2) with t = exp(-2 |x|) - 1, 3 ulp.
DC_FUNCTION float dc_tanh(float x) {
  const float t = dc_expm1_negative(dc_product(dc_abs(x), -2.0f));
  return dc_copy_sign(dc_quotient(t, dc_plus(t, 2.0f)), x);
}

/// erf(x), 2 ulp: x + x P(x^2) near 0, 1 - exp(-Q(|x|)) beyond.
DC_FUNCTION float dc_erf(float x) {
  const float t = dc_min(4.0f, dc_abs(x)), z = dc_product(x, x);
  if (dc_abs(x) < 0x1.d8p-1f) {
    float p = -0x1.39fbaep-11f;
    p = dc_fma(p, z, 0x1.473d40p-8f);
    p = dc_fma(p, z, -0x1.b68d5cp-6f);
    p = dc_fma(p, z, 0x1.ce1ab6p-4f);
    p = dc_fma(p, z, -0x1.8126e8p-2f);
    p = dc_fma(p, z, 0x1.06eba6p-3f);
    return dc_fma(p, x, x);
  }
  float q = -0x1.98d53ep-13f;
  q = dc_fma(q, t, 0x1.8da1d4p-9f);
  q = dc_fma(q, t, -0x1.6b8eacp-6f);
  q = dc_fma(q, t, 0x1.a9654ep-4f);
  q = dc_fma(q, t, 0x1.4647b2p-1f);
  q = dc_fma(q, t, 0x1.20ac30p+0f);
  q = dc_fma(q, t, 0x1.b220d8p-13f);
  return dc_copy_sign(dc_minus(1.0f, dc_exp(dc_negative(q))), x);
}

/// x / 2 * (1 + erf(x / sqrt(2)))
DC_FUNCTION float dc_gelu(float x) {
  const float half = dc_product(dc_finite_below(x), 0.5f);
  return dc_product(half, dc_plus(1.0f, dc_erf(dc_product(x, 0x1.6a09e6p-1f))));
}

/// log(1 + exp(x)) = max(x, 0) + log1p(e), e = exp(-|x|), log1p(e) = 2 atanh(e / (2 + e)); 3 ulp.
DC_FUNCTION float dc_softplus(float x) {
  const float e = dc_exp(dc_negative(dc_abs(x)));
  const float s = dc_quotient(e, dc_plus(2.0f, e)), z = dc_product(s, s);
  const float log1p = dc_fma(dc_product(s, z), dc_atanh_tail(z), dc_plus(s, s));
  return dc_plus(dc_max(0.0f, x), log1p);
}

/// x * tanh(log(1 + e)), e = exp(x): the tangent is w / (w + 2) with w = e^2 + 2 e; 4 ulp.
DC_FUNCTION float dc_mish(float x) {
  // From 20 on the quotient is 1 in float32.
  const float e = dc_exp(dc_min(20.0f, x)), w = dc_fma(e, e, dc_plus(e, e));
  return dc_product(dc_finite_below(x), dc_quotient(w, dc_plus(w, 2.0f)));
}

/// a * (exp(x) - 1) below 0, x elsewhere.
DC_FUNCTION float dc_elu(float x, float a) { return x < 0 ? dc_product(a, dc_expm1_negative(x)) : x; }

DC_INLINE float dc_hard_sigmoid(float x, float a, float b) { return dc_clip(dc_fma(a, x, b), 0.0f, 1.0f); }

DC_INLINE float dc_hard_swish(float x) {
  return dc_product(dc_finite_below(x), dc_hard_sigmoid(x, 0x1.555556p-3f, 0.5f));
}

/// -1 below 0, 1 above, zeros as they are.
DC_INLINE float dc_sign(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x; }

/// Element-wise functions; a and b are parameters where the function has some.
typedef enum {
  DC_IDENTITY,
  DC_CLIP,          ///< min(max(x, a), b)
  DC_SIGMOID,
  DC_SILU,
  DC_TANH,
  DC_HARD_SIGMOID,  ///< clip(a * x + b, 0, 1)
  DC_HARD_SWISH,
  DC_LEAKY_RELU,    ///< x < 0 ? a * x : x
  DC_ELU,           ///< x < 0 ? a * (exp(x) - 1) : x
  DC_GELU,
  DC_ERF,
  DC_EXP,
  DC_SOFTPLUS,
  DC_MISH,
  DC_LOG,
  DC_SQRT,
  DC_ABS,
  DC_NEG,
  DC_RECIPROCAL,
  DC_FLOOR,
  DC_CEIL,
  DC_SELU,          ///< b * elu(x), of which a is the parameter
  DC_SIGN,
  DC_SIN,           ///< this and the next ten are dc_elementary_f32's alone
  DC_COS,
  DC_TAN,
  DC_ASIN,
  DC_ACOS,
  DC_ATAN,
  DC_SINH,
  DC_COSH,
  DC_ASINH,
  DC_ACOSH,
  DC_ATANH,
  DC_ROUND,         ///< half to even
} dc_function;

typedef struct {
  dc_function function;
  float a, b;
} dc_activation;

/// f(x). Where the function is a constant, the others are left out by the compiler.
DC_INLINE float dc_apply(dc_activation f, float x) {
  switch (f.function) {
    case DC_CLIP: return dc_clip(x, f.a, f.b);
    case DC_SIGMOID: return dc_sigmoid(x);
    case DC_SILU: return dc_silu(x);
    case DC_TANH: return dc_tanh(x);
    case DC_HARD_SIGMOID: return dc_hard_sigmoid(x, f.a, f.b);
    case DC_HARD_SWISH: return dc_hard_swish(x);
    case DC_LEAKY_RELU: return x < 0 ? dc_product(f.a, x) : x;
    case DC_ELU: return dc_elu(x, f.a);
    case DC_GELU: return dc_gelu(x);
    case DC_ERF: return dc_erf(x);
    case DC_EXP: return dc_exp(x);
    case DC_SOFTPLUS: return dc_softplus(x);
    case DC_MISH: return dc_mish(x);
    case DC_LOG: return dc_log(x);
    case DC_SQRT: return dc_sqrt(x);
    case DC_ABS: return dc_abs(x);
    case DC_NEG: return dc_negative(x);
    case DC_RECIPROCAL: return dc_quotient(1.0f, x);
    case DC_FLOOR: return dc_floor(x);
    case DC_CEIL: return dc_ceil(x);
    case DC_SELU: return dc_product(f.b, dc_elu(x, f.a));
    case DC_SIGN: return dc_sign(x);
    case DC_ROUND: return dc_round(x);
    default: return x;
  }
}

#endif
