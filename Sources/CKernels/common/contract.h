// What callers promise to all kernels, in words for the asserts each begins with. Builds for debugging and with
// sanitizers check them; release builds define NDEBUG.
#pragma once
#include <assert.h>

#include "ck_int8.h"

/// A convolution, a pooling or a band of one: positive sizes, groups of whole channels.
static inline int ck_is_shape(const ck_conv_shape *s) {
  return s && s->in_h > 0 && s->in_w > 0 && s->in_c > 0 && s->out_h > 0 && s->out_w > 0 && s->out_c > 0 &&
         s->kernel_h > 0 && s->kernel_w > 0 && s->stride_h > 0 && s->stride_w > 0 && s->dilation_h > 0 &&
         s->dilation_w > 0 && s->pad_top >= 0 && s->pad_left >= 0 && s->groups > 0 && s->in_c % s->groups == 0 &&
         s->out_c % s->groups == 0;
}

static inline int ck_is_int8(int32_t value) { return value >= INT8_MIN && value <= INT8_MAX; }

/// Zero point and bounds of an int8 output.
static inline int ck_is_output(int32_t zero_point, int32_t lo, int32_t hi) {
  return ck_is_int8(zero_point) && ck_is_int8(lo) && ck_is_int8(hi) && lo <= hi;
}

static inline int ck_is_aligned(const void *memory) { return memory && (uintptr_t)memory % CK_ALIGN == 0; }

/// Some of `count` independent rows or units.
static inline int ck_is_range(size_t begin, size_t end, size_t count) { return begin <= end && end <= count; }
