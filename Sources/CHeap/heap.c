#include "CHeap.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <malloc.h>
#endif

// The block calloc gave begins a little before; where, is noted just in front of the memory.
void *ch_allocate_zeroed(size_t size, size_t alignment) {
  assert(alignment >= sizeof(void *) && (alignment & (alignment - 1)) == 0);
  const size_t slack = alignment - 1 + sizeof(void *);
  char *block = size <= SIZE_MAX - slack ? calloc(1, size + slack) : NULL;
  if (!block) abort();
  char *memory = block + sizeof(void *);
  memory += (alignment - (uintptr_t)memory % alignment) % alignment;
  ((void **)memory)[-1] = block;
  return memory;
}

void ch_deallocate(void *memory) {
  assert(memory);
  free(((void **)memory)[-1]);
}

void ch_trim(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
