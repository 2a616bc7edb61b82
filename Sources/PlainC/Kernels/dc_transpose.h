// Transposes of matrices, row by row in memory: between NCHW and NHWC of one image.
#ifndef DC_TRANSPOSE_H
#define DC_TRANSPOSE_H

#include "dc_common.h"

/// Moves elements in square blocks, so that both sides stay in cache lines already fetched.
DC_INLINE void dc_transpose(size_t size, int32_t rows, int32_t columns, const void *x, void *y) {
  for (int32_t r0 = 0; r0 < rows; r0 += 16)
    for (int32_t c0 = 0; c0 < columns; c0 += 16)
      for (int32_t c = c0; c < c0 + 16 && c < columns; c++)
        for (int32_t r = r0; r < r0 + 16 && r < rows; r++)
          memcpy((char *)y + (size_t)(c * rows + r) * size, (const char *)x + (size_t)(r * columns + c) * size, size);
}

/// x [rows][columns] of elements of one byte to y [columns][rows], which is not x.
DC_FUNCTION void dc_transpose8(int32_t rows, int32_t columns, const void *x, void *y) {
  dc_transpose(1, rows, columns, x, y);
}

/// The same of elements of four bytes.
DC_FUNCTION void dc_transpose32(int32_t rows, int32_t columns, const void *x, void *y) {
  dc_transpose(4, rows, columns, x, y);
}

#endif
