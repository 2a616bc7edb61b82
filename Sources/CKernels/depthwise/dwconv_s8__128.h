// What dwconv_s8__neon.c and dwconv_s8__neondot.c have in common: blocks of 16 channels in four vectors, 4 rows of
// bytes interleaved. Each defines, before including it,
//   dot(acc, x, w)       adds the products of the 4 slots of each of 4 channels
#include "common/compile.h"
#include "lookup/lut_s8.h"
#include "requantize/requantize__neon.h"

enum { VECTORS = 4, MAX_PIXELS = 4, MAX_TAPS = 5, GROUP_SIZE = 64 };

static const dwconv_isa set;

ALWAYS int8x16_t load(const char *p) { return vld1q_s8((const int8_t *)p); }

// Zipping twice leaves channels in order.
static size_t channel(size_t lane) { return lane; }

static void interleave(const int8_t *const *rows, const size_t *steps, size_t columns, char *x, size_t x_step) {
  const int8_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  const size_t step0 = steps[0], step1 = steps[1], step2 = steps[2], step3 = steps[3];
  for (size_t i = 0; i < columns; i++, x += x_step, r0 += step0, r1 += step1, r2 += step2, r3 += step3) {
    int8x16_t a = vld1q_s8(r0), b = vld1q_s8(r1), c = vld1q_s8(r2), d = vld1q_s8(r3);
    int16x8_t ab_lo = vreinterpretq_s16_s8(vzip1q_s8(a, b)), ab_hi = vreinterpretq_s16_s8(vzip2q_s8(a, b));
    int16x8_t cd_lo = vreinterpretq_s16_s8(vzip1q_s8(c, d)), cd_hi = vreinterpretq_s16_s8(vzip2q_s8(c, d));
    int8_t *to = (int8_t *)x;
    vst1q_s8(to, vreinterpretq_s8_s16(vzip1q_s16(ab_lo, cd_lo)));
    vst1q_s8(to + 16, vreinterpretq_s8_s16(vzip2q_s16(ab_lo, cd_lo)));
    vst1q_s8(to + 32, vreinterpretq_s8_s16(vzip1q_s16(ab_hi, cd_hi)));
    vst1q_s8(to + 48, vreinterpretq_s8_s16(vzip2q_s16(ab_hi, cd_hi)));
  }
}

ALWAYS void start(size_t pixels, const void *head, const dwconv_output *out, int32x4_t acc[MAX_PIXELS][VECTORS]) {
  const int32x4_t base = vdupq_n_s32(out->is_small ? REQUANTIZE_128_SMALL : 0);
  UNROLL for (size_t v = 0; v < VECTORS; v++) {
    int32x4_t bias = vaddq_s32(vld1q_s32((const int32_t *)head + v * 4), base);
    UNROLL for (size_t p = 0; p < pixels; p++) acc[p][v] = bias;
  }
}

// Requantizes and stores pixels.
ALWAYS void store(size_t pixels, int is_small, int32x4_t acc[MAX_PIXELS][VECTORS], const float *multiplier,
                  const dwconv_output *out, size_t first) {
  requantize_128 q = requantize_128_make(out->zero_point, out->lo, out->hi);
  UNROLL for (size_t p = 0; p < pixels; p++) {
    int32x4_t rounded[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++) {
      float32x4_t m = vld1q_f32(multiplier + v * 4);
      rounded[v] = is_small ? requantize_128_round_small(acc[p][v], m)
                            : requantize_128_round(vmulq_f32(vcvtq_f32_s32(acc[p][v]), m));
    }
    int8x16_t bytes = is_small ? requantize_128_narrow_small(rounded[0], rounded[1], rounded[2], rounded[3], q)
                               : requantize_128_narrow(rounded[0], rounded[1], rounded[2], rounded[3], q);
    int8_t *y = out->s8 + (first + p) * out->stride;
    if (out->columns == VECTORS * 4) {
      vst1q_s8(y, bytes);
    } else {
      int8_t tail[VECTORS * 4];
      vst1q_s8(tail, bytes);
      memcpy(y, tail, out->columns);
    }
  }
}

ALWAYS void finish(size_t pixels, int32x4_t acc[MAX_PIXELS][VECTORS], const void *head, const dwconv_output *out,
                   size_t first) {
  if (!out->is_plain) {
    int32_t all[MAX_PIXELS * VECTORS * 4];
    UNROLL for (size_t i = 0; i < pixels * VECTORS; i++) vst1q_s32(all + i * 4, acc[i / VECTORS][i % VECTORS]);
    dwconv_store_each(&set, first, pixels, all, head, out);
    return;
  }
  const float *multiplier = (const float *)head + VECTORS * 4;
  if (out->is_small)
    store(pixels, 1, acc, multiplier, out, first);
  else
    store(pixels, 0, acc, multiplier, out, first);
}

// `pixels` outputs from pixel `first` on.
ALWAYS void tile(size_t pixels, size_t first, const dwconv_input *in, const void *head, const char *weights,
                 const dwconv_output *out) {
  int32x4_t acc[MAX_PIXELS][VECTORS];
  start(pixels, head, out, acc);
  const char *x = in->x + first * in->pixel_step;
  for (size_t tap = 0; tap < in->taps; tap++, x += in->tap_step)
    for (size_t g = 0; g < in->groups; g++, weights += GROUP_SIZE)
      UNROLL for (size_t v = 0; v < VECTORS; v++) {
        int8x16_t w = load(weights + v * 16);
        UNROLL for (size_t p = 0; p < pixels; p++)
          acc[p][v] = dot(acc[p][v], load(x + p * in->pixel_step + g * GROUP_SIZE + v * 16), w);
      }
  finish(pixels, acc, head, out, first);
}

// Kernels of `taps` neighbouring columns in steps of 1 or 2: each column of the image is loaded once for all the pixels
// it belongs to. For 3 taps in steps of 1, that makes 6 + 3 loads for 12 dot products. `pixels` >= 4; the last four may
// overlap those before.
ALWAYS void row_of(size_t taps, size_t groups, size_t stride, size_t pixels, const dwconv_input *in, const void *head,
                   const char *weights, const dwconv_output *out) {
  const size_t x_step = groups * GROUP_SIZE;
  for (size_t i = 0; i < pixels; i += 4) {
    size_t first = i + 4 <= pixels ? i : pixels - 4;
    const char *x = in->x + first * stride * x_step, *w = weights;
    int32x4_t acc[MAX_PIXELS][VECTORS];
    start(4, head, out, acc);
    UNROLL for (size_t g = 0; g < groups; g++, x += GROUP_SIZE, w += GROUP_SIZE) {
      UNROLL for (size_t v = 0; v < VECTORS; v++) {
        int8x16_t kernel[MAX_TAPS];
        UNROLL for (size_t tap = 0; tap < taps; tap++) kernel[tap] = load(w + tap * x_step + v * 16);
        UNROLL for (size_t column = 0; column < 3 * stride + taps; column++) {
          int8x16_t u = load(x + column * x_step + v * 16);
          UNROLL for (size_t p = 0; p < 4; p++)
            if (column >= p * stride && column < p * stride + taps)
              acc[p][v] = dot(acc[p][v], u, kernel[column - p * stride]);
        }
        // Keeps the compiler from loading for the next vector before: there are no registers for all.
        __asm__("" : "+r"(x), "+w"(acc[0][v]), "+w"(acc[1][v]), "+w"(acc[2][v]), "+w"(acc[3][v]));
      }
    }
    finish(4, acc, head, out, first);
  }
}

#include "dwconv_s8_row.h"

static const dwconv_isa set = {
    .width = VECTORS * 4,
    .slots = 4,
    .input_offset = 0,
    .interleave = interleave,
    .row = row,
    .look_up = ck_lut_rows_s8__neon,
    .channel = channel,
};
