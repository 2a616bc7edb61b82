// What the files of peak loops share.
#pragma once
#include <assert.h>

#include "ck_peak.h"

/// Makes a value unknown to the compiler, so that it can neither compute the loop in advance nor move work out of it.
/// Costs no instruction. The constraint names the kind of register.
#define CK_PEAK_HIDE(constraint, value) __asm__ volatile("" : constraint(value))

/// The loop of a peak: adds `...`, an expression of `sums[i]` and `one`, to every sum over and over.
#define CK_PEAK_LOOP(constraint, ...)                          \
  for (size_t round = 0; round < rounds; round++)              \
    for (int repeat = 0; repeat < CK_PEAK_REPEATS; repeat++) { \
      _Pragma("clang loop unroll(full)")                       \
      for (int i = 0; i < CK_PEAK_SUMS; i++) {                 \
        CK_PEAK_HIDE(constraint, one);                         \
        sums[i] = __VA_ARGS__;                                 \
      }                                                        \
    }

enum {
  CK_PEAK_SUMS = 12,    // independent sums: latency times throughput of the multiplier, and a few more
  CK_PEAK_REPEATS = 8,  // times each sum is added to in a round
};

extern const ck_peak ck_peak_f32__scalar;
extern const ck_peak ck_peak_f32__avx2;
extern const ck_peak ck_peak_f32__avx512;
extern const ck_peak ck_peak_f32__neon;
extern const ck_peak ck_peak_s8__scalar;
extern const ck_peak ck_peak_s8__avx2;
extern const ck_peak ck_peak_s8__avxvnni;
extern const ck_peak ck_peak_s8__avx512vnni;
extern const ck_peak ck_peak_s8__amx;
extern const ck_peak ck_peak_s8__neon;
extern const ck_peak ck_peak_s8__neondot;
extern const ck_peak ck_peak_s8__neoni8mm;
