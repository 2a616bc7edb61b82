// Antialiased resizing of 8-bit images along one side, in Pillow's fixed point and bit for bit its result. Target pixel
// i is, channel by channel,
//
//     y = min((2^21 + sum over t < lengths[i] of weights[i * taps + t] * x[starts[i] + t]) >> 22, 255)
//
// Weights are in 0...2^22 and add up to 2^22 but for rounding, so that the sum stays below 2^31.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_features.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

enum {
  CK_RESIZE_BITS = 22,
  CK_RESIZE_HALF = 1 << (CK_RESIZE_BITS - 1),  ///< what a sum begins with
  CK_RESIZE_GROUP = 4,                         ///< taps are a multiple of
};

/// What each target pixel looks at.
typedef struct {
  size_t count;              ///< target pixels
  size_t taps;               ///< weights of a target pixel, a multiple of CK_RESIZE_GROUP
  const int32_t *starts;     ///< [count] first source pixels
  const int32_t *lengths;    ///< [count] source pixels, at least 1
  const int32_t *weights;    ///< [count][taps], 0 from the length on
} ck_resize_filter;

/// The kernels of one instruction set. They read nothing but the source and write nothing but the target.
typedef struct {
  const char *name;
  /// A row of `pixels` source pixels of red, green and blue to one of the filter's count.
  void (*rgb_row)(const ck_resize_filter *filter, size_t pixels, const uint8_t *x, uint8_t *y);
  /// The same with one channel.
  void (*gray_row)(const ck_resize_filter *filter, size_t pixels, const uint8_t *x, uint8_t *y);
  /// Down columns, row by row: sums[i] += weight * x[i].
  void (*add_row)(size_t n, int32_t weight, const uint8_t *x, int32_t *sums);
  /// y[i] = min(sums[i] >> 22, 255)
  void (*round_row)(size_t n, const int32_t *sums, uint8_t *y);
} ck_resize_set;

/// The best set that some features allow; never NULL.
const ck_resize_set *ck_resize_set_for(ck_features features);
/// All sets that run on this machine, best first, for tests; returns how many were written.
size_t ck_resize_set_all(const ck_resize_set *_Nullable *_Nonnull sets, size_t capacity);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
