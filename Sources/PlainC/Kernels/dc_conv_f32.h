// Float32 convolutions: for every output one chain of fused multiply-adds that starts from the bias and takes the
// window row by row, the channels of a pixel in order. A pixel outside the image reads 0 and takes part.
#ifndef DC_CONV_F32_H
#define DC_CONV_F32_H

#include "dc_elementwise_f32.h"
#include "dc_simd.h"

#if defined(DC_SIMD)

#if !defined(DC_FMA)

// Of four lanes the sums of exact products and c in double precision, and whether one of them must not simply be
// rounded to float32: dc_fma_by_double says which.
#if defined(DC_WASM)
typedef v128_t dc_f32x4;
DC_INLINE v128_t dc_fma_half(v128_t a, v128_t b, v128_t c, v128_t *odd) {
  const v128_t sum = wasm_f64x2_add(
      wasm_f64x2_mul(wasm_f64x2_promote_low_f32x4(a), wasm_f64x2_promote_low_f32x4(b)),
      wasm_f64x2_promote_low_f32x4(c));
  const v128_t is_middle = wasm_i64x2_eq(wasm_v128_and(sum, wasm_i64x2_const_splat(0x1fffffff)),
                                         wasm_i64x2_const_splat(0x10000000));
  const v128_t is_subnormal =
      wasm_v128_and(wasm_f64x2_lt(wasm_f64x2_abs(sum), wasm_f64x2_splat((double)FLT_MIN)),
                    wasm_f64x2_ne(sum, wasm_f64x2_splat(0)));
  *odd = wasm_v128_or(*odd, wasm_v128_or(is_middle, is_subnormal));
  return wasm_f32x4_demote_f64x2_zero(sum);
}
DC_INLINE v128_t dc_fma_four(v128_t a, v128_t b, v128_t c, int *is_odd) {
  v128_t odd = wasm_i32x4_const_splat(0);
  const v128_t low = dc_fma_half(a, b, c, &odd);
  const v128_t high = dc_fma_half(wasm_i64x2_shuffle(a, a, 1, 1), wasm_i64x2_shuffle(b, b, 1, 1),
                                  wasm_i64x2_shuffle(c, c, 1, 1), &odd);
  *is_odd = wasm_v128_any_true(odd);
  return wasm_i64x2_shuffle(low, high, 0, 2);
}
#else
typedef __m128 dc_f32x4;
DC_INLINE __m128 dc_fma_half(__m128 a, __m128 b, __m128 c, __m128i *odd) {
  const __m128d sum = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), _mm_cvtps_pd(c));
  const __m128i bits = _mm_and_si128(_mm_castpd_si128(sum), _mm_set_epi32(0, 0x1fffffff, 0, 0x1fffffff));
  const __m128i is_middle = _mm_cmpeq_epi32(bits, _mm_set_epi32(-1, 0x10000000, -1, 0x10000000));
  const __m128d magnitude = _mm_andnot_pd(_mm_set1_pd(-0.0), sum);
  const __m128d is_subnormal =
      _mm_and_pd(_mm_cmplt_pd(magnitude, _mm_set1_pd((double)FLT_MIN)), _mm_cmpneq_pd(sum, _mm_setzero_pd()));
  *odd = _mm_or_si128(*odd, _mm_or_si128(is_middle, _mm_castpd_si128(is_subnormal)));
  return _mm_cvtpd_ps(sum);
}
DC_INLINE __m128 dc_fma_four(__m128 a, __m128 b, __m128 c, int *is_odd) {
  __m128i odd = _mm_setzero_si128();
  const __m128 low = dc_fma_half(a, b, c, &odd);
  const __m128 high = dc_fma_half(_mm_movehl_ps(a, a), _mm_movehl_ps(b, b), _mm_movehl_ps(c, c), &odd);
  *is_odd = _mm_movemask_epi8(odd) != 0;
  return _mm_movelh_ps(low, high);
}
#endif

#if defined(DC_AVX2)
DC_INLINE __m256 dc_fma_any(__m256 a, __m256 b, __m256 c, int *is_odd) {
  int is_odd_low, is_odd_high;
  const __m128 low = dc_fma_four(_mm256_castps256_ps128(a), _mm256_castps256_ps128(b), _mm256_castps256_ps128(c),
                                 &is_odd_low);
  const __m128 high = dc_fma_four(_mm256_extractf128_ps(a, 1), _mm256_extractf128_ps(b, 1),
                                  _mm256_extractf128_ps(c, 1), &is_odd_high);
  *is_odd = is_odd_low | is_odd_high;
  return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}
#else
DC_INLINE dc_f32x4 dc_fma_any(dc_f32x4 a, dc_f32x4 b, dc_f32x4 c, int *is_odd) {
  return dc_fma_four(a, b, c, is_odd);
}
#endif

DC_RARE dc_f32 dc_fma_lanes(dc_f32 a, dc_f32 b, dc_f32 c) {
  float x[DC_LANES], y[DC_LANES], z[DC_LANES];
  dc_store_f32(x, a);
  dc_store_f32(y, b);
  dc_store_f32(z, c);
  for (int32_t i = 0; i < DC_LANES; i++) z[i] = dc_fma_by_double(x[i], y[i], z[i]);
  return dc_load_f32(z);
}

DC_INLINE dc_f32 dc_fma_f32x(dc_f32 a, dc_f32 b, dc_f32 c) {
  int is_odd;
  const dc_f32 sums = dc_fma_any(a, b, c, &is_odd);
  return is_odd ? dc_fma_lanes(a, b, c) : sums;
}

#endif

/// a * b + c, rounded once.
DC_INLINE dc_f32x8 dc_fma_f32x8(dc_f32x8 a, dc_f32x8 b, dc_f32x8 c) {
  for (int32_t i = 0; i < DC_EIGHT; i++) c.v[i] = dc_fma_f32x(a.v[i], b.v[i], c.v[i]);
  return c;
}

#endif

/// What a tap reads outside the image.
#define DC_CONV_F32_ZEROS 64
static const float dc_conv_f32_zeros[DC_CONV_F32_ZEROS] = {0};

/// Where the window of an output pixel begins.
typedef struct {
  int32_t y, x;
} dc_conv_f32_origin;

DC_INLINE dc_conv_f32_origin dc_conv_f32_begin(const dc_window *w, int32_t pixel) {
  const dc_conv_f32_origin origin = {pixel / w->out_w * w->stride_h - w->pad_top,
                                     pixel % w->out_w * w->stride_w - w->pad_left};
  return origin;
}

/// Where a tap of a window reads the channels from `first` on. NULL outside the image.
DC_INLINE const float *dc_conv_f32_at(const dc_window *w, const float *x, dc_conv_f32_origin origin, int32_t ky,
                                      int32_t kx, int32_t first) {
  const int32_t iy = origin.y + ky * w->dilation_h, ix = origin.x + kx * w->dilation_w;
  if (iy < 0 || iy >= w->in_h || ix < 0 || ix >= w->in_w) return NULL;
  return x + (iy * w->in_w + ix) * w->in_c + first;
}

#if defined(DC_SIMD)

// A block of channels at four output pixels, of which `count` are written.
#define DC_START_PIXEL_F32(p)                                                           \
  const dc_conv_f32_origin origin##p = dc_conv_f32_begin(w, pixel + (p < count ? p : 0)); \
  dc_f32x8 s##p = dc_load_f32x8(bias);
#define DC_ADDRESS_F32(p)                                                               \
  const float *x##p = dc_conv_f32_at(w, x, origin##p, ky, kx, channel + k);             \
  x##p = x##p ? x##p : dc_conv_f32_zeros;
#define DC_STEP_PIXEL_F32(p) s##p = dc_fma_f32x8(dc_set_f32x8(x##p[i]), weight, s##p);
#define DC_STORE_PIXEL_F32(p)                                                           \
  dc_store_f32x8(part, s##p);                                                           \
  if (p < count) memcpy(y + (pixel + p) * w->out_c, part, (size_t)lanes * sizeof(float));
#define DC_CONV_F32_PIXELS 4
DC_FUNCTION void dc_conv_f32_pixels(const dc_window *w, const float *weights, const float *bias, const float *x,
                                    int32_t channel, int32_t pixel, int32_t count, int32_t lanes, float *y) {
  const int32_t channels = w->in_c / w->groups;
  float part[8];
  DC_EACH_4(DC_START_PIXEL_F32)
  for (int32_t ky = 0; ky < w->kernel_h; ky++)
    for (int32_t kx = 0; kx < w->kernel_w; kx++)
      for (int32_t k = 0; k < channels; k += DC_CONV_F32_ZEROS) {
        const int32_t end = channels - k < DC_CONV_F32_ZEROS ? channels - k : DC_CONV_F32_ZEROS;
        DC_EACH_4(DC_ADDRESS_F32)
        for (int32_t i = 0; i < end; i++, weights += 8) {
          const dc_f32x8 weight = dc_load_f32x8(weights);
          DC_EACH_4(DC_STEP_PIXEL_F32)
        }
      }
  DC_EACH_4(DC_STORE_PIXEL_F32)
}

#else

#define DC_CONV_F32_PIXELS 1
DC_FUNCTION void dc_conv_f32_pixels(const dc_window *w, const float *weights, const float *bias, const float *x,
                                    int32_t channel, int32_t pixel, int32_t count, int32_t lanes, float *y) {
  const int32_t channels = w->in_c / w->groups;
  const dc_conv_f32_origin origin = dc_conv_f32_begin(w, pixel);
  float sums[8];
  (void)count;
  for (int32_t i = 0; i < 8; i++) sums[i] = bias[i];
  for (int32_t ky = 0; ky < w->kernel_h; ky++)
    for (int32_t kx = 0; kx < w->kernel_w; kx++) {
      const float *from = dc_conv_f32_at(w, x, origin, ky, kx, channel);
      for (int32_t k = 0; k < channels; k++, weights += 8) {
        const float value = from ? from[k] : 0.0f;
        for (int32_t i = 0; i < 8; i++) sums[i] = dc_fma(value, weights[i], sums[i]);
      }
    }
  memcpy(y + pixel * w->out_c, sums, (size_t)lanes * sizeof(float));
}

#endif

/// Without an activation.
DC_FUNCTION void dc_conv_f32_run(const dc_window *w, const float *weights, const float *bias, const float *x,
                                 float *y) {
  const int32_t channels = w->in_c / w->groups, per_group = w->out_c / w->groups, pixels = w->out_h * w->out_w;
  const int32_t block = w->kernel_h * w->kernel_w * channels * 8;
  for (int32_t group = 0; group < w->groups; group++)
    for (int32_t c = 0; c < per_group; c += 8, bias += 8, weights += block)
      for (int32_t pixel = 0; pixel < pixels; pixel += DC_CONV_F32_PIXELS) {
        const int32_t count = pixels - pixel < DC_CONV_F32_PIXELS ? pixels - pixel : DC_CONV_F32_PIXELS;
        dc_conv_f32_pixels(w, weights, bias, x, group * channels, pixel, count, per_group - c < 8 ? per_group - c : 8,
                           y + group * per_group + c);
      }
}

/// y = f(bias + sum of x * w). weights [groups][blocks][kernel_h][kernel_w][in_c / groups][8] in blocks of 8 output
/// channels, bias [groups][blocks][8], the last block of a group filled up with zeros.
DC_INLINE void dc_conv_f32(const dc_window *w, dc_activation f, const float *weights, const float *bias, const float *x,
                           float *y) {
  dc_conv_f32_run(w, weights, bias, x, y);
  if (f.function != DC_IDENTITY) dc_unary_f32(f, w->out_h * w->out_w * w->out_c, y, y);
}

/// Without an activation.
DC_FUNCTION void dc_dwconv_f32_run(const dc_window *w, const float *weights, const float *bias, const float *x,
                                   float *y) {
  const int32_t channels = w->in_c, padded = DC_ROUND_UP(channels, 16), pixels = w->out_h * w->out_w;
  for (int32_t pixel = 0; pixel < pixels; pixel++, y += channels) {
    const dc_conv_f32_origin origin = dc_conv_f32_begin(w, pixel);
    int32_t c = 0;
#if defined(DC_SIMD)
    for (; c + 8 <= channels; c += 8) {
      const float *weight = weights + c;
      dc_f32x8 sums = dc_load_f32x8(bias + c);
      for (int32_t ky = 0; ky < w->kernel_h; ky++)
        for (int32_t kx = 0; kx < w->kernel_w; kx++, weight += padded) {
          const float *from = dc_conv_f32_at(w, x, origin, ky, kx, c);
          sums = dc_fma_f32x8(dc_load_f32x8(from ? from : dc_conv_f32_zeros), dc_load_f32x8(weight), sums);
        }
      dc_store_f32x8(y + c, sums);
    }
#endif
    for (; c < channels; c++) {
      const float *weight = weights + c;
      float sum = bias[c];
      for (int32_t ky = 0; ky < w->kernel_h; ky++)
        for (int32_t kx = 0; kx < w->kernel_w; kx++, weight += padded) {
          const float *from = dc_conv_f32_at(w, x, origin, ky, kx, c);
          sum = dc_fma(from ? *from : 0.0f, *weight, sum);
        }
      y[c] = sum;
    }
  }
}

/// The same of one input channel to one output channel: groups == in_c == out_c. weights [kernel_h][kernel_w][C],
/// bias [C], C being the channels rounded up to a multiple of 16 with zeros. y is not x.
DC_INLINE void dc_dwconv_f32(const dc_window *w, dc_activation f, const float *weights, const float *bias,
                             const float *x, float *y) {
  dc_dwconv_f32_run(w, weights, bias, x, y);
  if (f.function != DC_IDENTITY) dc_unary_f32(f, w->out_h * w->out_w * w->out_c, y, y);
}

#endif
