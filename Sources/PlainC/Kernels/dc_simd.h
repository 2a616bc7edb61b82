// Vectors of the instruction set that the compiler is told to use (-mavx2, -msse4.1, -march=armv8.2-a+dotprod,
// -msimd128), under one set of names. Where there are none, DC_SIMD is not defined, and kernels are plain loops;
// -DDC_PORTABLE asks for these anywhere. Results are the same bits.
#ifndef DC_SIMD_H
#define DC_SIMD_H

#include "dc_common.h"

#if defined(DC_PORTABLE) || FLT_EVAL_METHOD != 0
#elif defined(__AVX2__)
#define DC_SIMD 1
#define DC_AVX2 1
#include <immintrin.h>
#elif defined(__SSE2__) || defined(_M_X64)
#define DC_SIMD 1
#define DC_SSE 1
#include <emmintrin.h>
#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__ARM_FEATURE_DOTPROD) && !defined(__AARCH64EB__)
#define DC_SIMD 1
#define DC_NEON 1
#define DC_NEON_DOT 1
#include <arm_neon.h>
#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define DC_SIMD 1
#define DC_NEON 1
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#define DC_SIMD 1
#define DC_WASM 1
#include <wasm_simd128.h>
#endif

#if defined(DC_SIMD)

// What is written for each of some pixels, vectors or pairs of them becomes variables of their own: compilers keep
// those in registers, which they do not always do with arrays.
#define DC_EACH_1(m) m(0)
#define DC_EACH_2(m) m(0) m(1)
#define DC_EACH_4(m) m(0) m(1) m(2) m(3)
#define DC_EACH_6(m) DC_EACH_4(m) m(4) m(5)
#define DC_EACH_8(m) DC_EACH_6(m) m(6) m(7)
#define DC_EACH_VECTOR_2(m, p) m(p, 0) m(p, 1)
#define DC_EACH_VECTOR_4(m, p) m(p, 0) m(p, 1) m(p, 2) m(p, 3)

// Below, in this order for each instruction set:
//   dc_i32, dc_f32      vectors of int32 and float32, DC_LANES lanes
//   dc_bytes            16 int8
//   dc_weights          int8 weights of a dot product, dc_values what they are multiplied by
//   dc_dot              adds to each lane of int32 the products of its pair or its four
// A block of convolution weights, 8 channels by 4, is DC_BLOCK_VECTORS vectors of weights; an accumulator of int32 has
// as many, one lane or two of a channel, which dc_block_sums adds up. The input's rows are int8, or int16 where
// DC_ROW_BYTES is 2.
#if defined(DC_AVX2)

#define DC_LANES 8
#define DC_BLOCK_VECTORS 2
#define DC_EACH_BLOCK_VECTOR DC_EACH_VECTOR_2
#define DC_ROW_BYTES 2
#define DC_BLOCK_PIXELS 6
#define DC_EACH_BLOCK_PIXEL DC_EACH_6
typedef __m256i dc_i32;
typedef __m256 dc_f32;
typedef __m128i dc_bytes;
typedef __m256i dc_weights;
typedef __m256i dc_values;

DC_INLINE dc_i32 dc_set_i32(int32_t x) { return _mm256_set1_epi32(x); }
DC_INLINE dc_i32 dc_load_i32(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
DC_INLINE dc_i32 dc_add_i32(dc_i32 a, dc_i32 b) { return _mm256_add_epi32(a, b); }
DC_INLINE dc_i32 dc_sub_i32(dc_i32 a, dc_i32 b) { return _mm256_sub_epi32(a, b); }
DC_INLINE dc_i32 dc_mul_i32(dc_i32 a, dc_i32 b) { return _mm256_mullo_epi32(a, b); }
DC_INLINE dc_f32 dc_to_f32(dc_i32 a) { return _mm256_cvtepi32_ps(a); }
DC_INLINE dc_f32 dc_set_f32(float x) { return _mm256_set1_ps(x); }
DC_INLINE dc_f32 dc_load_f32(const float *p) { return _mm256_loadu_ps(p); }
DC_INLINE void dc_store_f32(float *p, dc_f32 a) { _mm256_storeu_ps(p, a); }
DC_INLINE dc_f32 dc_add_f32x(dc_f32 a, dc_f32 b) { return _mm256_add_ps(a, b); }
DC_INLINE dc_f32 dc_mul_f32x(dc_f32 a, dc_f32 b) { return _mm256_mul_ps(a, b); }
DC_INLINE dc_f32 dc_div_f32x(dc_f32 a, dc_f32 b) { return _mm256_div_ps(a, b); }
#if defined(__FMA__)
#define DC_FMA 1
/// a * b + c, rounded once.
DC_INLINE dc_f32 dc_fma_f32x(dc_f32 a, dc_f32 b, dc_f32 c) { return _mm256_fmadd_ps(a, b, c); }
#endif
/// a where it is smaller, else b: b where either is NaN.
DC_INLINE dc_f32 dc_smaller(dc_f32 a, dc_f32 b) { return _mm256_min_ps(a, b); }
/// 0 where NaN.
DC_INLINE dc_f32 dc_zero_nan(dc_f32 a) { return _mm256_and_ps(a, _mm256_cmp_ps(a, a, _CMP_ORD_Q)); }
/// DC_LANES bytes as int32.
DC_INLINE dc_i32 dc_widen(const int8_t *p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

DC_INLINE dc_weights dc_load_weights(const int8_t *block, int32_t vector) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * vector)));
}
DC_INLINE dc_values dc_load_values(const int8_t *row) {
  return _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(const void *)row));
}
DC_INLINE dc_i32 dc_dot(dc_i32 sums, dc_values x, dc_weights w) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(x, w));
}
/// A vector's channels' biases, each in one of its lanes.
DC_INLINE dc_i32 dc_block_bias(const int32_t *bias, int32_t vector) {
  return _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)(const void *)(bias + 4 * vector)));
}
DC_INLINE void dc_block_sums(const dc_i32 *sums, dc_i32 *channels) {
  channels[0] = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums[0], sums[1]), 0xd8);
}
/// 16 int8 as int16.
DC_INLINE void dc_widen_row(const int8_t *from, int8_t *to) {
  const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)from));
  _mm256_storeu_si256((__m256i *)(void *)to, wide);
}

// Of a pair of taps, channel by channel: 8 channels a vector.
#define DC_PAIR_VECTORS 2
DC_INLINE dc_bytes dc_load_bytes(const int8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
DC_INLINE dc_bytes dc_set_bytes(int32_t x) { return _mm_set1_epi8((char)x); }
DC_INLINE dc_bytes dc_larger_bytes(dc_bytes a, dc_bytes b) { return _mm_max_epi8(a, b); }
DC_INLINE void dc_store_bytes(int8_t *p, dc_bytes a) { _mm_storeu_si128((__m128i *)(void *)p, a); }
DC_INLINE void dc_store_low(int8_t *p, dc_bytes a) { _mm_storel_epi64((__m128i *)(void *)p, a); }
DC_INLINE void dc_store_high(int8_t *p, dc_bytes a) {
  _mm_storel_epi64((__m128i *)(void *)p, _mm_unpackhi_epi64(a, a));
}
DC_INLINE void dc_pair(dc_bytes a, dc_bytes b, dc_weights *pair) {
  pair[0] = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
  pair[1] = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
}

#elif defined(DC_SSE)

#define DC_LANES 4
#define DC_BLOCK_VECTORS 4
#define DC_EACH_BLOCK_VECTOR DC_EACH_VECTOR_4
#define DC_ROW_BYTES 2
#define DC_BLOCK_PIXELS 2
#define DC_EACH_BLOCK_PIXEL DC_EACH_2
typedef __m128i dc_i32;
typedef __m128 dc_f32;
typedef __m128i dc_bytes;
typedef __m128i dc_weights;
typedef __m128i dc_values;

DC_INLINE dc_i32 dc_set_i32(int32_t x) { return _mm_set1_epi32(x); }
DC_INLINE dc_i32 dc_load_i32(const int32_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
DC_INLINE dc_i32 dc_add_i32(dc_i32 a, dc_i32 b) { return _mm_add_epi32(a, b); }
DC_INLINE dc_i32 dc_sub_i32(dc_i32 a, dc_i32 b) { return _mm_sub_epi32(a, b); }
DC_INLINE dc_i32 dc_mul_i32(dc_i32 a, dc_i32 b) {
  const __m128i low = _mm_set1_epi32(0xffff);
  return _mm_madd_epi16(_mm_and_si128(a, low), _mm_and_si128(b, low));
}
DC_INLINE dc_f32 dc_to_f32(dc_i32 a) { return _mm_cvtepi32_ps(a); }
DC_INLINE dc_f32 dc_set_f32(float x) { return _mm_set1_ps(x); }
DC_INLINE dc_f32 dc_load_f32(const float *p) { return _mm_loadu_ps(p); }
DC_INLINE void dc_store_f32(float *p, dc_f32 a) { _mm_storeu_ps(p, a); }
DC_INLINE dc_f32 dc_add_f32x(dc_f32 a, dc_f32 b) { return _mm_add_ps(a, b); }
DC_INLINE dc_f32 dc_mul_f32x(dc_f32 a, dc_f32 b) { return _mm_mul_ps(a, b); }
DC_INLINE dc_f32 dc_div_f32x(dc_f32 a, dc_f32 b) { return _mm_div_ps(a, b); }
DC_INLINE dc_f32 dc_smaller(dc_f32 a, dc_f32 b) { return _mm_min_ps(a, b); }
DC_INLINE dc_f32 dc_zero_nan(dc_f32 a) { return _mm_and_ps(a, _mm_cmpord_ps(a, a)); }
DC_INLINE __m128i dc_low_half(__m128i bytes) {
#if defined(__SSE4_1__)
  return _mm_cvtepi8_epi16(bytes);
#else
  return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
#endif
}
DC_INLINE __m128i dc_high_half(__m128i bytes) { return _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8); }
DC_INLINE dc_i32 dc_widen(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  const __m128i words = dc_low_half(_mm_cvtsi32_si128(four));
  return _mm_srai_epi32(_mm_unpacklo_epi16(words, words), 16);
}

DC_INLINE dc_weights dc_load_weights(const int8_t *block, int32_t vector) {
  return dc_low_half(_mm_loadl_epi64((const __m128i *)(const void *)(block + 8 * vector)));
}
DC_INLINE dc_values dc_load_values(const int8_t *row) {
  const __m128i four = _mm_loadl_epi64((const __m128i *)(const void *)row);
  return _mm_unpacklo_epi64(four, four);
}
DC_INLINE dc_i32 dc_dot(dc_i32 sums, dc_values x, dc_weights w) { return _mm_add_epi32(sums, _mm_madd_epi16(x, w)); }
DC_INLINE dc_i32 dc_block_bias(const int32_t *bias, int32_t vector) {
  return _mm_unpacklo_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(bias + 2 * vector)), _mm_setzero_si128());
}
DC_INLINE void dc_block_sums(const dc_i32 *sums, dc_i32 *channels) {
  for (int32_t i = 0; i < 2; i++) {
    const __m128 a = _mm_castsi128_ps(sums[2 * i]), b = _mm_castsi128_ps(sums[2 * i + 1]);
    channels[i] = _mm_add_epi32(_mm_castps_si128(_mm_shuffle_ps(a, b, 0x88)),
                                _mm_castps_si128(_mm_shuffle_ps(a, b, 0xdd)));
  }
}
DC_INLINE void dc_widen_row(const int8_t *from, int8_t *to) {
  const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
  _mm_storeu_si128((__m128i *)(void *)to, dc_low_half(bytes));
  _mm_storeu_si128((__m128i *)(void *)(to + 16), dc_high_half(bytes));
}

#define DC_PAIR_VECTORS 4
DC_INLINE dc_bytes dc_load_bytes(const int8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
DC_INLINE dc_bytes dc_set_bytes(int32_t x) { return _mm_set1_epi8((char)x); }
DC_INLINE dc_bytes dc_larger_bytes(dc_bytes a, dc_bytes b) {
#if defined(__SSE4_1__)
  return _mm_max_epi8(a, b);
#else
  const __m128i is_larger = _mm_cmpgt_epi8(a, b);
  return _mm_or_si128(_mm_and_si128(is_larger, a), _mm_andnot_si128(is_larger, b));
#endif
}
DC_INLINE void dc_store_bytes(int8_t *p, dc_bytes a) { _mm_storeu_si128((__m128i *)(void *)p, a); }
DC_INLINE void dc_store_low(int8_t *p, dc_bytes a) { _mm_storel_epi64((__m128i *)(void *)p, a); }
DC_INLINE void dc_store_high(int8_t *p, dc_bytes a) {
  _mm_storel_epi64((__m128i *)(void *)p, _mm_unpackhi_epi64(a, a));
}
DC_INLINE void dc_pair(dc_bytes a, dc_bytes b, dc_weights *pair) {
  const __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpackhi_epi8(a, b);
  pair[0] = dc_low_half(low), pair[1] = dc_high_half(low);
  pair[2] = dc_low_half(high), pair[3] = dc_high_half(high);
}

#elif defined(DC_WASM)

#define DC_LANES 4
#define DC_BLOCK_VECTORS 4
#define DC_EACH_BLOCK_VECTOR DC_EACH_VECTOR_4
#define DC_ROW_BYTES 2
#define DC_BLOCK_PIXELS 2
#define DC_EACH_BLOCK_PIXEL DC_EACH_2
typedef v128_t dc_i32;
typedef v128_t dc_f32;
typedef v128_t dc_bytes;
typedef v128_t dc_weights;
typedef v128_t dc_values;

DC_INLINE dc_i32 dc_set_i32(int32_t x) { return wasm_i32x4_splat(x); }
DC_INLINE dc_i32 dc_load_i32(const int32_t *p) { return wasm_v128_load(p); }
DC_INLINE dc_i32 dc_add_i32(dc_i32 a, dc_i32 b) { return wasm_i32x4_add(a, b); }
DC_INLINE dc_i32 dc_sub_i32(dc_i32 a, dc_i32 b) { return wasm_i32x4_sub(a, b); }
DC_INLINE dc_i32 dc_mul_i32(dc_i32 a, dc_i32 b) { return wasm_i32x4_mul(a, b); }
DC_INLINE dc_f32 dc_to_f32(dc_i32 a) { return wasm_f32x4_convert_i32x4(a); }
DC_INLINE dc_f32 dc_set_f32(float x) { return wasm_f32x4_splat(x); }
DC_INLINE dc_f32 dc_load_f32(const float *p) { return wasm_v128_load(p); }
DC_INLINE void dc_store_f32(float *p, dc_f32 a) { wasm_v128_store(p, a); }
DC_INLINE dc_f32 dc_add_f32x(dc_f32 a, dc_f32 b) { return wasm_f32x4_add(a, b); }
DC_INLINE dc_f32 dc_mul_f32x(dc_f32 a, dc_f32 b) { return wasm_f32x4_mul(a, b); }
DC_INLINE dc_f32 dc_div_f32x(dc_f32 a, dc_f32 b) { return wasm_f32x4_div(a, b); }
DC_INLINE dc_f32 dc_smaller(dc_f32 a, dc_f32 b) { return wasm_f32x4_pmin(b, a); }
DC_INLINE dc_f32 dc_zero_nan(dc_f32 a) { return wasm_v128_and(a, wasm_f32x4_eq(a, a)); }
DC_INLINE dc_i32 dc_widen(const int8_t *p) {
  return wasm_i32x4_extend_low_i16x8(wasm_i16x8_extend_low_i8x16(wasm_v128_load32_zero(p)));
}
typedef v128_t dc_words;
DC_INLINE dc_words dc_set_words(int32_t x) { return wasm_i16x8_splat((int16_t)x); }
DC_INLINE dc_words dc_add_words(dc_words a, dc_words b) { return wasm_i16x8_add_sat(a, b); }
/// Eight numbers rounded, half to even, and brought to the bounds of int16.
DC_INLINE dc_words dc_round_eight(const dc_f32 *t) {
  return wasm_i16x8_narrow_i32x4(wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(t[0])),
                                 wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(t[1])));
}

DC_INLINE dc_weights dc_load_weights(const int8_t *block, int32_t vector) {
  return wasm_i16x8_load8x8(block + 8 * vector);
}
DC_INLINE dc_values dc_load_values(const int8_t *row) { return wasm_v128_load64_splat(row); }
DC_INLINE dc_i32 dc_dot(dc_i32 sums, dc_values x, dc_weights w) {
  return wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(x, w));
}
DC_INLINE dc_i32 dc_block_bias(const int32_t *bias, int32_t vector) {
  return wasm_u64x2_load32x2(bias + 2 * vector);
}
DC_INLINE void dc_block_sums(const dc_i32 *sums, dc_i32 *channels) {
  for (int32_t i = 0; i < 2; i++)
    channels[i] = wasm_i32x4_add(wasm_i32x4_shuffle(sums[2 * i], sums[2 * i + 1], 0, 2, 4, 6),
                                 wasm_i32x4_shuffle(sums[2 * i], sums[2 * i + 1], 1, 3, 5, 7));
}
DC_INLINE void dc_widen_row(const int8_t *from, int8_t *to) {
  wasm_v128_store(to, wasm_i16x8_load8x8(from));
  wasm_v128_store(to + 16, wasm_i16x8_load8x8(from + 8));
}

#define DC_PAIR_VECTORS 4
DC_INLINE dc_bytes dc_load_bytes(const int8_t *p) { return wasm_v128_load(p); }
DC_INLINE dc_bytes dc_set_bytes(int32_t x) { return wasm_i8x16_splat((int8_t)x); }
DC_INLINE dc_bytes dc_larger_bytes(dc_bytes a, dc_bytes b) { return wasm_i8x16_max(a, b); }
DC_INLINE void dc_store_bytes(int8_t *p, dc_bytes a) { wasm_v128_store(p, a); }
DC_INLINE void dc_store_low(int8_t *p, dc_bytes a) { wasm_v128_store64_lane(p, a, 0); }
DC_INLINE void dc_store_high(int8_t *p, dc_bytes a) { wasm_v128_store64_lane(p, a, 1); }
DC_INLINE dc_bytes dc_narrow(dc_words a, dc_words b) { return wasm_i8x16_narrow_i16x8(a, b); }
DC_INLINE dc_bytes dc_clamp(dc_bytes a, dc_bytes lo, dc_bytes hi) {
  return wasm_i8x16_max(wasm_i8x16_min(a, hi), lo);
}
DC_INLINE void dc_pair(dc_bytes a, dc_bytes b, dc_weights *pair) {
  const v128_t low = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const v128_t high = wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  pair[0] = wasm_i16x8_extend_low_i8x16(low), pair[1] = wasm_i16x8_extend_high_i8x16(low);
  pair[2] = wasm_i16x8_extend_low_i8x16(high), pair[3] = wasm_i16x8_extend_high_i8x16(high);
}

#elif defined(DC_NEON)

#define DC_LANES 4
#define DC_ROW_BYTES 1
typedef int32x4_t dc_i32;
typedef float32x4_t dc_f32;
typedef int8x16_t dc_bytes;

DC_INLINE dc_i32 dc_set_i32(int32_t x) { return vdupq_n_s32(x); }
DC_INLINE dc_i32 dc_load_i32(const int32_t *p) { return vld1q_s32(p); }
DC_INLINE dc_i32 dc_add_i32(dc_i32 a, dc_i32 b) { return vaddq_s32(a, b); }
DC_INLINE dc_i32 dc_sub_i32(dc_i32 a, dc_i32 b) { return vsubq_s32(a, b); }
DC_INLINE dc_i32 dc_mul_i32(dc_i32 a, dc_i32 b) { return vmulq_s32(a, b); }
DC_INLINE dc_f32 dc_to_f32(dc_i32 a) { return vcvtq_f32_s32(a); }
DC_INLINE dc_f32 dc_set_f32(float x) { return vdupq_n_f32(x); }
DC_INLINE dc_f32 dc_load_f32(const float *p) { return vld1q_f32(p); }
DC_INLINE void dc_store_f32(float *p, dc_f32 a) { vst1q_f32(p, a); }
DC_INLINE dc_f32 dc_add_f32x(dc_f32 a, dc_f32 b) { return vaddq_f32(a, b); }
DC_INLINE dc_f32 dc_mul_f32x(dc_f32 a, dc_f32 b) { return vmulq_f32(a, b); }
DC_INLINE dc_f32 dc_div_f32x(dc_f32 a, dc_f32 b) { return vdivq_f32(a, b); }
#define DC_FMA 1
DC_INLINE dc_f32 dc_fma_f32x(dc_f32 a, dc_f32 b, dc_f32 c) { return vfmaq_f32(c, a, b); }
DC_INLINE dc_f32 dc_smaller(dc_f32 a, dc_f32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
DC_INLINE dc_f32 dc_zero_nan(dc_f32 a) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), vceqq_f32(a, a)));
}
DC_INLINE dc_i32 dc_widen(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, sizeof four);
  return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)))));
}
typedef int16x8_t dc_words;
DC_INLINE dc_words dc_set_words(int32_t x) { return vdupq_n_s16((int16_t)x); }
DC_INLINE dc_words dc_add_words(dc_words a, dc_words b) { return vqaddq_s16(a, b); }
DC_INLINE dc_words dc_round_eight(const dc_f32 *t) {
  return vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(t[0])), vqmovn_s32(vcvtnq_s32_f32(t[1])));
}

#if defined(DC_NEON_DOT)

#define DC_BLOCK_VECTORS 2
#define DC_EACH_BLOCK_VECTOR DC_EACH_VECTOR_2
#define DC_BLOCK_PIXELS 8
#define DC_EACH_BLOCK_PIXEL DC_EACH_8
typedef int8x16_t dc_weights;
typedef int8x16_t dc_values;
DC_INLINE dc_weights dc_load_weights(const int8_t *block, int32_t vector) { return vld1q_s8(block + 16 * vector); }
DC_INLINE dc_values dc_load_values(const int8_t *row) {
  int32_t four;
  memcpy(&four, row, sizeof four);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}
DC_INLINE dc_i32 dc_dot(dc_i32 sums, dc_values x, dc_weights w) { return vdotq_s32(sums, w, x); }
DC_INLINE dc_i32 dc_block_bias(const int32_t *bias, int32_t vector) { return vld1q_s32(bias + 4 * vector); }
DC_INLINE void dc_block_sums(const dc_i32 *sums, dc_i32 *channels) { channels[0] = sums[0], channels[1] = sums[1]; }

#else

#define DC_BLOCK_VECTORS 4
#define DC_EACH_BLOCK_VECTOR DC_EACH_VECTOR_4
#define DC_BLOCK_PIXELS 4
#define DC_EACH_BLOCK_PIXEL DC_EACH_4
typedef int8x8_t dc_weights;
typedef int8x8_t dc_values;
DC_INLINE dc_weights dc_load_weights(const int8_t *block, int32_t vector) { return vld1_s8(block + 8 * vector); }
DC_INLINE dc_values dc_load_values(const int8_t *row) {
  int32_t four;
  memcpy(&four, row, sizeof four);
  return vreinterpret_s8_s32(vdup_n_s32(four));
}
DC_INLINE dc_i32 dc_dot(dc_i32 sums, dc_values x, dc_weights w) { return vpadalq_s16(sums, vmull_s8(x, w)); }
DC_INLINE dc_i32 dc_block_bias(const int32_t *bias, int32_t vector) {
  return vreinterpretq_s32_u64(vmovl_u32(vreinterpret_u32_s32(vld1_s32(bias + 2 * vector))));
}
DC_INLINE void dc_block_sums(const dc_i32 *sums, dc_i32 *channels) {
  channels[0] = vpaddq_s32(sums[0], sums[1]), channels[1] = vpaddq_s32(sums[2], sums[3]);
}

#endif

DC_INLINE dc_bytes dc_load_bytes(const int8_t *p) { return vld1q_s8(p); }
DC_INLINE dc_bytes dc_set_bytes(int32_t x) { return vdupq_n_s8((int8_t)x); }
DC_INLINE dc_bytes dc_larger_bytes(dc_bytes a, dc_bytes b) { return vmaxq_s8(a, b); }
DC_INLINE void dc_store_bytes(int8_t *p, dc_bytes a) { vst1q_s8(p, a); }
DC_INLINE void dc_store_low(int8_t *p, dc_bytes a) { vst1_s8(p, vget_low_s8(a)); }
DC_INLINE void dc_store_high(int8_t *p, dc_bytes a) { vst1_s8(p, vget_high_s8(a)); }
DC_INLINE dc_bytes dc_narrow(dc_words a, dc_words b) { return vcombine_s8(vqmovn_s16(a), vqmovn_s16(b)); }
DC_INLINE dc_bytes dc_clamp(dc_bytes a, dc_bytes lo, dc_bytes hi) { return vmaxq_s8(vminq_s8(a, hi), lo); }

#endif

// What is made of them.

/// Eight numbers.
#define DC_EIGHT (8 / DC_LANES)
typedef struct {
  dc_i32 v[DC_EIGHT];
} dc_i32x8;
typedef struct {
  dc_f32 v[DC_EIGHT];
} dc_f32x8;

/// A product that is not joined with a sum after it: compilers take vectors' operators for such of C.
DC_INLINE dc_f32 dc_product_f32(dc_f32 a, dc_f32 b) {
  dc_f32 product = dc_mul_f32x(a, b);
#if defined(__GNUC__) && (defined(DC_AVX2) || defined(DC_SSE))
  __asm__("" : "+x"(product));
#elif defined(__GNUC__) && defined(DC_NEON)
  __asm__("" : "+w"(product));
#endif
  return product;
}

DC_INLINE dc_f32x8 dc_scaled(dc_i32x8 sums, dc_f32x8 multipliers) {
  dc_f32x8 t;
  for (int32_t i = 0; i < DC_EIGHT; i++) t.v[i] = dc_product_f32(dc_to_f32(sums.v[i]), multipliers.v[i]);
  return t;
}
DC_INLINE dc_f32x8 dc_load_f32x8(const float *p) {
  dc_f32x8 t;
  for (int32_t i = 0; i < DC_EIGHT; i++) t.v[i] = dc_load_f32(p + i * DC_LANES);
  return t;
}
DC_INLINE dc_f32x8 dc_set_f32x8(float x) {
  dc_f32x8 t;
  for (int32_t i = 0; i < DC_EIGHT; i++) t.v[i] = dc_set_f32(x);
  return t;
}
DC_INLINE void dc_store_f32x8(float *p, dc_f32x8 t) {
  for (int32_t i = 0; i < DC_EIGHT; i++) dc_store_f32(p + i * DC_LANES, t.v[i]);
}
DC_INLINE dc_f32x8 dc_sum_f32x8(dc_f32x8 a, dc_f32x8 b) {
  for (int32_t i = 0; i < DC_EIGHT; i++) a.v[i] = dc_add_f32x(a.v[i], b.v[i]);
  return a;
}
DC_INLINE dc_f32x8 dc_quotient_f32x8(dc_f32x8 a, dc_f32x8 b) {
  for (int32_t i = 0; i < DC_EIGHT; i++) a.v[i] = dc_div_f32x(a.v[i], b.v[i]);
  return a;
}
DC_INLINE dc_f32x8 dc_zero_nan_f32x8(dc_f32x8 t) {
  for (int32_t i = 0; i < DC_EIGHT; i++) t.v[i] = dc_zero_nan(t.v[i]);
  return t;
}
/// Of numbers of int16.
DC_INLINE dc_i32x8 dc_product_i32x8(dc_i32x8 a, dc_i32x8 b) {
  for (int32_t i = 0; i < DC_EIGHT; i++) a.v[i] = dc_mul_i32(a.v[i], b.v[i]);
  return a;
}
DC_INLINE dc_i32x8 dc_set_i32x8(int32_t x) {
  dc_i32x8 t;
  for (int32_t i = 0; i < DC_EIGHT; i++) t.v[i] = dc_set_i32(x);
  return t;
}
/// sums + q
DC_INLINE dc_i32x8 dc_add_eight(dc_i32x8 sums, const int8_t *q) {
  for (int32_t i = 0; i < DC_EIGHT; i++) sums.v[i] = dc_add_i32(sums.v[i], dc_widen(q + i * DC_LANES));
  return sums;
}
/// q - zero_point
DC_INLINE dc_i32x8 dc_centred(const int8_t *q, int32_t zero_point) {
  return dc_add_eight(dc_set_i32x8(-zero_point), q);
}

/// clamp(rne(t) + zero_point, lo, hi) of sixteen; NaN gives hi.
DC_INLINE dc_bytes dc_rounded(dc_f32x8 a, dc_f32x8 b, int32_t zero_point, int32_t lo, int32_t hi) {
  const dc_f32 upper = dc_set_f32((float)(hi - zero_point));
  for (int32_t i = 0; i < DC_EIGHT; i++) a.v[i] = dc_smaller(a.v[i], upper), b.v[i] = dc_smaller(b.v[i], upper);
#if defined(DC_AVX2)
  __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(a.v[0]), _mm256_cvtps_epi32(b.v[0]));
  words = _mm256_adds_epi16(_mm256_permute4x64_epi64(words, 0xd8), _mm256_set1_epi16((short)zero_point));
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  return _mm_max_epi8(_mm_min_epi8(bytes, _mm_set1_epi8((char)hi)), _mm_set1_epi8((char)lo));
#elif defined(DC_SSE)
  const __m128i z = _mm_set1_epi16((short)zero_point), upper16 = _mm_set1_epi16((short)hi);
  const __m128i lower16 = _mm_set1_epi16((short)lo);
  const __m128i x = _mm_adds_epi16(_mm_packs_epi32(_mm_cvtps_epi32(a.v[0]), _mm_cvtps_epi32(a.v[1])), z);
  const __m128i y = _mm_adds_epi16(_mm_packs_epi32(_mm_cvtps_epi32(b.v[0]), _mm_cvtps_epi32(b.v[1])), z);
  return _mm_packs_epi16(_mm_max_epi16(_mm_min_epi16(x, upper16), lower16),
                         _mm_max_epi16(_mm_min_epi16(y, upper16), lower16));
#else
  const dc_words z = dc_set_words(zero_point);
  const dc_bytes bytes = dc_narrow(dc_add_words(dc_round_eight(a.v), z), dc_add_words(dc_round_eight(b.v), z));
  return dc_clamp(bytes, dc_set_bytes(lo), dc_set_bytes(hi));
#endif
}

/// The same of two times eight sums by their multipliers.
DC_INLINE dc_bytes dc_outputs(dc_i32x8 a, const float *m_a, dc_i32x8 b, const float *m_b, const dc_output *o) {
  return dc_rounded(dc_scaled(a, dc_load_f32x8(m_a)), dc_scaled(b, dc_load_f32x8(m_b)), o->z_y, o->lo, o->hi);
}

/// The first `count` of eight or sixteen, by the output's table if it has one.
DC_INLINE void dc_store_some(const int8_t *bytes, const dc_output *o, int32_t count, int8_t *y) {
  if (!o->lut) memcpy(y, bytes, (size_t)count);
  for (int32_t i = 0; o->lut && i < count; i++) y[i] = o->lut[bytes[i] + 128];
}

#endif
#endif
