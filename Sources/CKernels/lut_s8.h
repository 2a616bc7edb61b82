// Table lookup, y[i] = lut[x[i] + 128], in place or not; inputs may be read up to CK_PAD bytes past their end.
#pragma once
#include <stddef.h>
#include <stdint.h>

void ck_lut_s8__scalar(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx2(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx512(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
/// Needs VBMI (ck_has_avx512vbmi), which not every processor with VNNI has.
void ck_lut_s8__avx512vbmi(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
