// Table lookup in a register, with VBMI.
#pragma once
#include <immintrin.h>
#include <stdint.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vbmi"))), apply_to = function)

typedef struct {
  __m512i quarter[4];  // entries for -128..., -64..., 0..., 64...
} lut_512;

static inline lut_512 lut_512_load(const int8_t *lut) {
  lut_512 t = {{_mm512_loadu_si512(lut), _mm512_loadu_si512(lut + 64), _mm512_loadu_si512(lut + 128),
                _mm512_loadu_si512(lut + 192)}};
  return t;
}

/// The permutation looks at seven bits, which are those of x + 128 within each half; the sign tells the halves apart.
static inline __m512i lut_512_apply(__m512i x, lut_512 t) {
  __m512i negative = _mm512_permutex2var_epi8(t.quarter[0], x, t.quarter[1]);
  __m512i positive = _mm512_permutex2var_epi8(t.quarter[2], x, t.quarter[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), positive, negative);
}

#pragma clang attribute pop
