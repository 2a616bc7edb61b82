// What an instruction set can do at most on this machine, measured: loops that only multiply and accumulate in
// registers, with enough independent sums to keep the multipliers busy.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_features.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CK_PEAK_MOST_ROUNDS (1 << 20)

#pragma clang assume_nonnull begin

/// The arithmetic of one family of kernels without their loads and stores.
typedef struct {
  const char *name;
  ck_features needs;
  /// Runs the loop `rounds` times, at most CK_PEAK_MOST_ROUNDS; returns how many multiply-accumulates that were. They
  /// are counted by doing them: all factors are one, and this is the sum.
  uint64_t (*run)(size_t rounds);
} ck_peak;

/// The loop for float32 and for int8 kernels that some features allow; never NULL.
const ck_peak *ck_peak_f32_for(ck_features features);
const ck_peak *ck_peak_s8_for(ck_features features);

/// All loops that run on this machine, for tests; returns how many were written.
size_t ck_peak_all(const ck_peak *_Nullable *_Nonnull peaks, size_t capacity);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
