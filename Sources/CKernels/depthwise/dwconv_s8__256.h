// What dwconv_s8__avx2.c and dwconv_s8__avxvnni.c have in common: blocks of 32 channels in four vectors. Each defines,
// before including it,
//   dot(acc, x, w)       adds the products of a lane's slots
//   channel(lane)        which channel a lane holds
//   in_order(narrow)     puts the channels of requantize_256_narrow in order
#include "common/compile.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__avx2.h"

enum { VECTORS = 4, MAX_PIXELS = 3, GROUP_SIZE = 128 };

ALWAYS __m256i load(const void *p) { return _mm256_loadu_si256(p); }

static const dwconv_isa set;

ALWAYS void finish(size_t pixels, __m256i acc[MAX_PIXELS][VECTORS], const void *head, const dwconv_output *out,
                   size_t first) {
  if (!out->is_plain) {
    int32_t all[MAX_PIXELS * VECTORS * 8];
    UNROLL for (size_t i = 0; i < pixels * VECTORS; i++)
      _mm256_storeu_si256((__m256i *)(void *)(all + i * 8), acc[i / VECTORS][i % VECTORS]);
    dwconv_store_each(&set, first, pixels, all, head, out);
    return;
  }
  const float *multiplier = (const float *)head + VECTORS * 8;
  requantize_256 q = requantize_256_make(out->zero_point, out->lo, out->hi);
  UNROLL for (size_t p = 0; p < pixels; p++) {
    __m256i rounded[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++)
      rounded[v] =
          requantize_256_round(_mm256_mul_ps(_mm256_cvtepi32_ps(acc[p][v]), _mm256_loadu_ps(multiplier + v * 8)));
    __m256i bytes = in_order(requantize_256_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q));
    int8_t *y = out->s8 + (first + p) * out->stride;
    if (out->columns == VECTORS * 8) {
      _mm256_storeu_si256((__m256i *)(void *)y, bytes);
    } else {
      int8_t tail[VECTORS * 8];
      _mm256_storeu_si256((__m256i *)(void *)tail, bytes);
      memcpy(y, tail, out->columns);
    }
  }
}

// `pixels` outputs from pixel `first` on.
ALWAYS void tile(size_t pixels, size_t first, const dwconv_input *in, const void *head, const char *weights,
                 const dwconv_output *out) {
  __m256i acc[MAX_PIXELS][VECTORS];
  UNROLL for (size_t v = 0; v < VECTORS; v++) {
    __m256i bias = load((const char *)head + v * 32);
    UNROLL for (size_t p = 0; p < pixels; p++) acc[p][v] = bias;
  }
  const char *x = in->x + first * in->pixel_step;
  for (size_t tap = 0; tap < in->taps; tap++, x += in->tap_step)
    for (size_t g = 0; g < in->groups; g++, weights += GROUP_SIZE) {
      UNROLL for (size_t v = 0; v < VECTORS; v++) {
        __m256i w = load(weights + v * 32);
        UNROLL for (size_t p = 0; p < pixels; p++)
          acc[p][v] = dot(acc[p][v], load(x + p * in->pixel_step + g * GROUP_SIZE + v * 32), w);
      }
    }
  finish(pixels, acc, head, out, first);
}

static void row(size_t pixels, const dwconv_input *in, const void *head, const char *weights,
                const dwconv_output *out) {
  size_t i = 0;
  for (; i + 3 <= pixels; i += 3) tile(3, i, in, head, weights, out);
  if (pixels - i == 2) tile(2, i, in, head, weights, out);
  if (pixels - i == 1) tile(1, i, in, head, weights, out);
}
