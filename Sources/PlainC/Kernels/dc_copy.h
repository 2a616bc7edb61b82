// dc_copy.h: copies between two strided views of the same extents: transposes, slices, concatenations and padding.
#ifndef DC_COPY_H
#define DC_COPY_H

#include "dc_common.h"

// Extents from the outermost to the innermost, and steps in bytes; a step of 0 in the source repeats.
typedef struct {
  int32_t bytes; // adjacent bytes that are copied together
  int32_t extents[8], source[8], target[8];
} dc_strides;

DC_FUNCTION void dc_copy(const dc_strides *s, const void *x, void *y) {
  int32_t index[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  const char *from = (const char *)x;
  char *to = (char *)y;
  int32_t i, d;
  for (;;) {
    for (i = 0; i < s->extents[7]; ++i) {
      memcpy(to + (ptrdiff_t)i * s->target[7], from + (ptrdiff_t)i * s->source[7], (size_t)s->bytes);
    }
    // The next line: as the wheels of a counter.
    for (d = 6; d >= 0; --d) {
      from += s->source[d];
      to += s->target[d];
      if (++index[d] < s->extents[d]) break;
      from -= (ptrdiff_t)index[d] * s->source[d];
      to -= (ptrdiff_t)index[d] * s->target[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

#endif
