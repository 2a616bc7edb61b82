// Depthwise blocks of 64 channels: 4 rows of bytes interleaved, one dpbusd for 4 kernel rows of 16 channels.
// Activations are made unsigned while they are interleaved (see igemm_s8__avx512vnni.c).
#if defined(__x86_64__)
#include <immintrin.h>

#include "common/compile.h"
#include "dwconv_s8.h"
#include "lookup/lut_s8.h"

#pragma STDC FP_CONTRACT OFF
COMPILE_FOR(AVX512VNNI)

#include "requantize/requantize__avx512.h"

enum { VECTORS = 4, MAX_PIXELS = 4, MAX_TAPS = 5, GROUP_SIZE = 256 };

// Unpacking twice within 128-bit groups leaves channels 16 * group + 4 * vector + element.
static size_t channel(size_t lane) {
  size_t vector = lane / 16, i = lane % 16;
  return 16 * (i / 4) + 4 * vector + i % 4;
}

static void interleave(const int8_t *const *rows, const size_t *steps, size_t columns, char *x, size_t x_step) {
  const __m512i flip = _mm512_set1_epi8((char)0x80);
  const int8_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  const size_t step0 = steps[0], step1 = steps[1], step2 = steps[2], step3 = steps[3];
  for (size_t i = 0; i < columns; i++, x += x_step, r0 += step0, r1 += step1, r2 += step2, r3 += step3) {
    __m512i a = _mm512_xor_si512(_mm512_loadu_si512(r0), flip), b = _mm512_xor_si512(_mm512_loadu_si512(r1), flip);
    __m512i c = _mm512_xor_si512(_mm512_loadu_si512(r2), flip), d = _mm512_xor_si512(_mm512_loadu_si512(r3), flip);
    __m512i ab_lo = _mm512_unpacklo_epi8(a, b), ab_hi = _mm512_unpackhi_epi8(a, b);
    __m512i cd_lo = _mm512_unpacklo_epi8(c, d), cd_hi = _mm512_unpackhi_epi8(c, d);
    _mm512_storeu_si512(x, _mm512_unpacklo_epi16(ab_lo, cd_lo));
    _mm512_storeu_si512(x + 64, _mm512_unpackhi_epi16(ab_lo, cd_lo));
    _mm512_storeu_si512(x + 128, _mm512_unpacklo_epi16(ab_hi, cd_hi));
    _mm512_storeu_si512(x + 192, _mm512_unpackhi_epi16(ab_hi, cd_hi));
  }
}

static const dwconv_isa set;

ALWAYS void finish(size_t pixels, __m512i acc[MAX_PIXELS][VECTORS], const void *head, const dwconv_output *out,
                   size_t first) {
  if (!out->is_plain) {
    int32_t all[MAX_PIXELS * VECTORS * 16];
    UNROLL for (size_t i = 0; i < pixels * VECTORS; i++)
      _mm512_storeu_si512(all + i * 16, acc[i / VECTORS][i % VECTORS]);
    dwconv_store_each(&set, first, pixels, all, head, out);
    return;
  }
  const float *multiplier = (const float *)head + VECTORS * 16;
  requantize_512 q = requantize_512_make(out->zero_point, out->lo, out->hi);
  size_t stride = out->stride, columns = out->columns;
  int8_t *y = out->s8 + first * stride;
  UNROLL for (size_t p = 0; p < pixels; p++) {
    __m512i rounded[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++)
      rounded[v] =
          requantize_512_round(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[p][v]), _mm512_loadu_ps(multiplier + v * 16)));
    __m512i narrow = requantize_512_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q);
    if (columns == VECTORS * 16)
      _mm512_storeu_si512(y + p * stride, narrow);
    else
      _mm512_mask_storeu_epi8(y + p * stride, (__mmask64)((1ull << columns) - 1), narrow);
  }
}

// `pixels` outputs from pixel `first` on.
ALWAYS void tile(size_t pixels, size_t first, const dwconv_input *in, const void *head, const char *weights,
                 const dwconv_output *out) {
  __m512i acc[MAX_PIXELS][VECTORS];
  UNROLL for (size_t v = 0; v < VECTORS; v++) {
    __m512i bias = _mm512_loadu_si512((const char *)head + v * 64);
    UNROLL for (size_t p = 0; p < pixels; p++) acc[p][v] = bias;
  }
  const char *x = in->x + first * in->pixel_step;
  for (size_t tap = 0; tap < in->taps; tap++, x += in->tap_step)
    for (size_t g = 0; g < in->groups; g++, weights += GROUP_SIZE) {
      UNROLL for (size_t v = 0; v < VECTORS; v++) {
        __m512i w = _mm512_loadu_si512(weights + v * 64);
        UNROLL for (size_t p = 0; p < pixels; p++) {
          __m512i u = _mm512_loadu_si512(x + p * in->pixel_step + g * GROUP_SIZE + v * 64);
          acc[p][v] = _mm512_dpbusd_epi32(acc[p][v], u, w);
        }
      }
    }
  finish(pixels, acc, head, out, first);
}

// Kernels of `taps` neighbouring columns in steps of 1 or 2: each column of the image is loaded once for all the pixels
// it belongs to, and weights stay in registers where these are enough. `pixels` >= 4; the last four may overlap those
// before.
ALWAYS void row_of(size_t taps, size_t groups, size_t stride, size_t pixels, const dwconv_input *in, const void *head,
                   const char *weights, const dwconv_output *out) {
  const size_t x_step = groups * GROUP_SIZE;
  const int is_resident = taps * groups * VECTORS <= 12;
  __m512i resident[3][VECTORS];
  UNROLL for (size_t tap = 0; is_resident && tap < taps; tap++)
    UNROLL for (size_t v = 0; v < VECTORS; v++) resident[tap][v] = _mm512_loadu_si512(weights + tap * x_step + v * 64);
  for (size_t i = 0; i < pixels; i += 4) {
    size_t first = i + 4 <= pixels ? i : pixels - 4;
    const char *x = in->x + first * stride * x_step, *w = weights;
    __m512i acc[MAX_PIXELS][VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++) {
      __m512i bias = _mm512_loadu_si512((const char *)head + v * 64);
      UNROLL for (size_t p = 0; p < 4; p++) acc[p][v] = bias;
    }
    UNROLL for (size_t g = 0; g < groups; g++, x += GROUP_SIZE, w += GROUP_SIZE) {
      UNROLL for (size_t v = 0; v < VECTORS; v++) {
        __m512i kernel[MAX_TAPS];
        UNROLL for (size_t tap = 0; tap < taps; tap++)
          kernel[tap] = is_resident ? resident[tap][v] : _mm512_loadu_si512(w + tap * x_step + v * 64);
        UNROLL for (size_t column = 0; column < 3 * stride + taps; column++) {
          __m512i u = _mm512_loadu_si512(x + column * x_step + v * 64);
          UNROLL for (size_t p = 0; p < 4; p++)
            if (column >= p * stride && column < p * stride + taps)
              acc[p][v] = _mm512_dpbusd_epi32(acc[p][v], u, kernel[column - p * stride]);
        }
      }
    }
    finish(4, acc, head, out, first);
  }
}

#include "dwconv_s8_row.h"

static const dwconv_isa set = {
    .width = VECTORS * 16,
    .slots = 4,
    .input_offset = 128,
    .interleave = interleave,
    .row = row,
    .look_up = ck_lut_rows_s8__avx512,
    .channel = channel,
};

DWCONV_DEFINE_KERNEL(ck_dwconv_s8__avx512vnni, "dwconv_s8__avx512vnni", NEEDS_AVX512VNNI, set);

END_COMPILE_FOR
#endif
