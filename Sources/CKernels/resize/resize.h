// The kernels of resizing, one set for each instruction set, and what they share.
#pragma once
#include <assert.h>

#include "ck_resize.h"
#include "common/compile.h"

extern const ck_resize_set ck_resize__scalar;
#if defined(__x86_64__)
extern const ck_resize_set ck_resize__avx2;
#elif defined(__aarch64__)
extern const ck_resize_set ck_resize__neon;
#endif

// The definitions that other sets take as they are.
void ck_resize_gray_row__scalar(const ck_resize_filter *f, size_t pixels, const uint8_t *x, uint8_t *y);
void ck_resize_add_row__scalar(size_t n, int32_t weight, const uint8_t *x, int32_t *sums);
void ck_resize_round_row__scalar(size_t n, const int32_t *sums, uint8_t *y);

static inline int is_resize_filter(const ck_resize_filter *f) {
  return f && f->taps > 0 && f->taps % CK_RESIZE_GROUP == 0 && f->starts && f->lengths && f->weights;
}

ALWAYS uint8_t resized_value(int32_t sum) {
  const int32_t value = sum >> CK_RESIZE_BITS;
  return (uint8_t)(value < UINT8_MAX ? value : UINT8_MAX);
}

/// Target pixel i of a row, by the definition.
ALWAYS void resize_pixel(const ck_resize_filter *f, size_t i, size_t channels, const uint8_t *x, uint8_t *y) {
  const int32_t *const weights = f->weights + i * f->taps;
  x += (size_t)f->starts[i] * channels;
  for (size_t c = 0; c < channels; c++) {
    int32_t sum = CK_RESIZE_HALF;
    for (int32_t t = 0; t < f->lengths[i]; t++) sum += weights[t] * x[(size_t)t * channels + c];
    y[i * channels + c] = resized_value(sum);
  }
}

// Straight loops: what the compiler makes of them for a set is as good as anything written by hand.

ALWAYS void resize_add_row(size_t n, int32_t weight, const uint8_t *restrict x, int32_t *restrict sums) {
  for (size_t i = 0; i < n; i++) sums[i] += weight * x[i];
}

ALWAYS void resize_round_row(size_t n, const int32_t *restrict sums, uint8_t *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = resized_value(sums[i]);
}
