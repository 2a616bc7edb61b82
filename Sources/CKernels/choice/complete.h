// Tables of kernels have no gaps. The compiler fills what an initializer leaves out with NULL, and a call of it would
// be a jump to nothing in the middle of a run; so whoever chooses a table looks at all of it first.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Ends the process, saying which table it is, unless all of `size` bytes of pointers are set.
static inline void ck_require_complete(const char *table, const void *pointers, size_t size) {
  for (size_t i = 0; i < size; i += sizeof(void *)) {
    uintptr_t pointer;
    memcpy(&pointer, (const char *)pointers + i, sizeof pointer);
    if (!pointer) {
      fprintf(stderr, "defect: entry %zu of the kernel table %s is missing\n", i / sizeof(void *), table ? table : "?");
      abort();
    }
  }
}
