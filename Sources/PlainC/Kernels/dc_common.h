// What all kernels share: windows, outputs, and float arithmetic that gives the same bits with every compiler.
//
// Contract of all kernels: sizes are positive, and what they multiply up to fits int32; activations are channels-last
// (NHWC), one image; inputs are readable DC_PAD bytes past their end, outputs are written exactly; pointers need no
// alignment. Nothing is allocated and no state is kept.
#ifndef DC_COMMON_H
#define DC_COMMON_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error "compile this without -ffast-math, -Ofast or /fp:fast: they change the network's results"
#endif
#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || FLT_MAX_EXP != 128
#error "float is not IEEE 754's 32-bit format here: the network's results need it"
#endif

// A product and a sum must not become one operation that rounds once.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

// Before every function: a network uses some of a header's. DC_RARE is for what is seldom called.
#if defined(__GNUC__)
#define DC_FUNCTION static __attribute__((unused))
#define DC_INLINE static inline __attribute__((unused, always_inline))
#define DC_RARE static __attribute__((unused, noinline, cold))
#else
#define DC_FUNCTION static
#define DC_INLINE static inline
#define DC_RARE static
#endif

#define DC_PAD 64
#define DC_LARGER(a, b) ((a) > (b) ? (a) : (b))
#define DC_ROUND_UP(n, multiple) (((n) + (multiple) - 1) / (multiple) * (multiple))

/// A window that slides over an image: a convolution or a pooling. `pad_top` and `pad_left` are what the first window
/// reaches beyond the image; below and to the right follows from out_h and out_w.
typedef struct {
  int32_t in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  int32_t pad_top, pad_left, groups;
} dc_window;

/// What turns an accumulator into int8: clamp(rne(float(acc) * multiplier) + z_y, lo, hi), then lut[y + 128] where lut
/// is not NULL. z_x is the input's zero point: what lies outside the image reads as that.
typedef struct {
  int32_t z_x, z_y, lo, hi;
  const int8_t *lut;
} dc_output;

/// x as float32, where registers hold more.
DC_INLINE float dc_float32(float x) {
#if FLT_EVAL_METHOD == 0
  return x;
#else
  volatile float rounded = x;
  return rounded;
#endif
}

/// a * b, rounded to float32, whatever is done with it. Compilers that join it with a sum that follows are kept from
/// doing so here: GCC does where its target can, unless it is told -ffp-contract=off or -std=c99.
DC_INLINE float dc_product(float a, float b) {
#if FLT_EVAL_METHOD == 0 && defined(__GNUC__) && (defined(__x86_64__) || defined(__SSE__))
  float product = a * b;
  __asm__("" : "+x"(product));
  return product;
#elif FLT_EVAL_METHOD == 0 && defined(__GNUC__) && defined(__aarch64__)
  float product = a * b;
  __asm__("" : "+w"(product));
  return product;
#elif FLT_EVAL_METHOD == 0 && defined(__GNUC__) && defined(__ARM_FP) && __ARM_FP & 4
  float product = a * b;
  __asm__("" : "+t"(product));
  return product;
#elif FLT_EVAL_METHOD == 0 && defined(__GNUC__) && !defined(__FP_FAST_FMAF)
  return a * b;
#else
  volatile float product = a * b;
  return product;
#endif
}

DC_INLINE uint32_t dc_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

DC_INLINE float dc_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// An accumulator, which is a sum modulo 2^32, as float32.
DC_INLINE float dc_sum_as_float(uint32_t sum) {
  int32_t value;
  memcpy(&value, &sum, sizeof value);
  return dc_float32((float)value);
}

/// clamp(rne(t) + zero_point, lo, hi); NaN gives hi.
///
/// The bounds are integers, so t may be clamped before it is rounded. Added to 1.5 * 2^23, whose last bit is worth 1,
/// it is then rounded by the addition, half to even, and its integer stands in the sum's bits.
DC_INLINE int8_t dc_round_clamp(float t, int32_t zero_point, int32_t lo, int32_t hi) {
  const float upper = (float)(hi - zero_point), lower = (float)(lo - zero_point);
  t = t < upper ? t : upper;
  t = t > lower ? t : lower;
  const uint32_t bits = dc_bits(dc_float32(t + 12582912.0f));
  return (int8_t)((int32_t)(bits & 0x7fffff) - 0x400000 + zero_point);
}

DC_INLINE int8_t dc_requantize(uint32_t sum, float multiplier, const dc_output *o) {
  const int8_t y = dc_round_clamp(dc_product(dc_sum_as_float(sum), multiplier), o->z_y, o->lo, o->hi);
  return o->lut ? o->lut[y + 128] : y;
}

/// The positions [begin, end) of a kernel's axis that lie inside an image of `size`, the first being at `origin`.
typedef struct {
  int32_t begin, end;
} dc_range;

DC_INLINE dc_range dc_inside(int32_t origin, int32_t kernel, int32_t dilation, int32_t size) {
  dc_range r;
  r.begin = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
  r.end = origin < size ? (size - 1 - origin) / dilation + 1 : 0;
  if (r.end > kernel) r.end = kernel;
  if (r.begin > r.end) r.begin = r.end;
  return r;
}

#endif
