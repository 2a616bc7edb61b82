// The allocator's one function that programs need and Swift does not see.
#include <stdlib.h>
#if defined(__linux__)
#include <malloc.h>
#endif

#include "ck_system.h"

void ck_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
