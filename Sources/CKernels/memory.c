// What programs need of the allocator and Swift does not offer.
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <malloc.h>
#endif

#include "ck_int8.h"
#include "ck_system.h"

// The block calloc gave begins up to CK_ALIGN bytes before; where, is noted just in front of the memory.
void *ck_allocate_zeroed(size_t size) {
  const size_t slack = CK_ALIGN - 1 + sizeof(void *);
  char *block = size <= SIZE_MAX - slack ? calloc(1, size + slack) : NULL;
  if (!block) abort();
  char *memory = block + sizeof(void *);
  memory += (CK_ALIGN - (uintptr_t)memory % CK_ALIGN) % CK_ALIGN;
  ((void **)memory)[-1] = block;
  return memory;
}

void ck_deallocate(void *memory) { free(((void **)memory)[-1]); }

void ck_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
