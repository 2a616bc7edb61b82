// Table lookup, y = lut[x + 128]; inputs may be read up to CK_PAD bytes past their end.
#pragma once
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/// `n` values, in place or not.
void ck_lut_s8__scalar(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx2(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx512(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__avx512vbmi(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);
void ck_lut_s8__neon(size_t n, const int8_t *x, const int8_t *lut, int8_t *y);

/// In place, `rows` of `columns` values `stride` apart.
void ck_lut_rows_s8__avx2(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
/// By ck_lut_rows_s8__avx512vbmi where that runs.
void ck_lut_rows_s8__avx512(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
void ck_lut_rows_s8__avx512vbmi(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
void ck_lut_rows_s8__neon(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
