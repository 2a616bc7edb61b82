// Matrix transposes in squares, shared by the float sets.
#pragma once
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

void ck_transpose32__avx2(size_t rows, size_t columns, const uint32_t *x, uint32_t *y);
void ck_transpose8__avx2(size_t rows, size_t columns, const uint8_t *x, uint8_t *y);
void ck_transpose32__neon(size_t rows, size_t columns, const uint32_t *x, uint32_t *y);
void ck_transpose8__neon(size_t rows, size_t columns, const uint8_t *x, uint8_t *y);

// The body of all of them: whole squares, then the columns and rows that are left.
#define TRANSPOSE(size, square)                                                                   \
  const size_t whole_rows = rows - rows % size, whole_columns = columns - columns % size;         \
  for (size_t c = 0; c < whole_columns; c += size)                                                \
    for (size_t r = 0; r < whole_rows; r += size) square(x + r * columns + c, columns, y + c * rows + r, rows); \
  for (size_t c = whole_columns; c < columns; c++)                                                \
    for (size_t r = 0; r < whole_rows; r++) y[c * rows + r] = x[r * columns + c];                 \
  for (size_t c = 0; c < columns; c++)                                                            \
    for (size_t r = whole_rows; r < rows; r++) y[c * rows + r] = x[r * columns + c]
