// Which part of a convolution or pooling window lies inside the image.
#pragma once
#include "ck_int8.h"

/// Kernel positions [ky_begin, ky_end) x [kx_begin, kx_end) are inside; empty where begin == end.
typedef struct {
  int32_t ky_begin, ky_end, kx_begin, kx_end;
} ck_window;

static inline void ck_window_range(int64_t start, int32_t dilation, int32_t kernel, int32_t size, int32_t *begin,
                                   int32_t *end) {
  int64_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int64_t last = start < size ? (size - 1 - start) / dilation + 1 : 0;
  if (last > kernel) last = kernel;
  if (first > last) first = last;
  *begin = (int32_t)first;
  *end = (int32_t)last;
}

static inline ck_window ck_window_at(const ck_conv_shape *s, size_t oy, size_t ox) {
  ck_window w;
  ck_window_range((int64_t)oy * s->stride_h - s->pad_top, s->dilation_h, s->kernel_h, s->in_h, &w.ky_begin, &w.ky_end);
  ck_window_range((int64_t)ox * s->stride_w - s->pad_left, s->dilation_w, s->kernel_w, s->in_w, &w.kx_begin, &w.kx_end);
  return w;
}

/// The input pixel under a kernel position that lies inside the image.
static inline const int8_t *ck_window_pixel(const ck_conv_shape *s, const int8_t *input, size_t oy, size_t ox,
                                            int32_t ky, int32_t kx) {
  int64_t iy = (int64_t)oy * s->stride_h - s->pad_top + (int64_t)ky * s->dilation_h;
  int64_t ix = (int64_t)ox * s->stride_w - s->pad_left + (int64_t)kx * s->dilation_w;
  return input + ((size_t)iy * (size_t)s->in_w + (size_t)ix) * (size_t)s->in_c;
}
