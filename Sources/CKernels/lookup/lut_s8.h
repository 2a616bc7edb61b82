// Table lookup, y = lut[x + 128]; inputs may be read up to CK_PAD bytes past their end.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// `n` values, in place or not.
void ck_lut_s8__scalar(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx2(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx512(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
/// Needs VBMI (ck_has_avx512vbmi), which not every processor with VNNI has.
void ck_lut_s8__avx512vbmi(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__neon(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);

/// In place, `rows` of `columns` values `stride` apart.
void ck_lut_rows_s8__avx2(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
/// With VBMI where the processor has it.
void ck_lut_rows_s8__avx512(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
void ck_lut_rows_s8__neon(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
