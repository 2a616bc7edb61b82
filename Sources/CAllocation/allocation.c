#include "include/CAllocation.h"

#include <CProcess.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

// Sanitizers bring allocators of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_ALLOCATOR
#endif
#endif

#if defined(__GLIBC__) && !defined(HAS_ALLOCATOR)

// glibc's own functions under the names it keeps for this. free and the rest stay glibc's.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

// glibc gives memory back to the system as soon as 128 kB of it are free, and takes page faults to have it again, for
// every image: until a block it had mapped is freed. Then it keeps twice that block's size (mallopt(3)).
enum { KEPT_BYTES = 1 << 20 };

__attribute__((constructor)) static void keep_freed_memory(void) { free(__libc_malloc(KEPT_BYTES)); }

static void refuse(size_t size) {
  char text[160], digits[24];
  size_t used = 0, count = 0;
  for (const char *c = "out of memory: "; *c; c++) text[used++] = *c;
  do digits[count++] = (char)('0' + size % 10);
  while ((size /= 10) != 0);
  while (count) text[used++] = digits[--count];
  static const char advice[] =
      " bytes more are not to be had; use fewer threads (--threads 1) or raise the limit (ulimit -v)";
  for (const char *c = advice; *c; c++) text[used++] = *c;
  text[used] = 0;
  cp_refuse(text);
}

static void *checked(void *memory, size_t size) {
  if (!memory && size) refuse(size);
  return memory;
}

void *malloc(size_t size) { return checked(__libc_malloc(size), size); }

void *calloc(size_t count, size_t size) {
  void *memory = __libc_calloc(count, size);
  if (!memory && count && size) refuse(count > SIZE_MAX / size ? SIZE_MAX : count * size);
  return memory;
}

void *realloc(void *memory, size_t size) { return checked(__libc_realloc(memory, size), size); }

void *reallocarray(void *memory, size_t count, size_t size) {
  if (size && count > SIZE_MAX / size) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(memory, count * size);
}

void *memalign(size_t alignment, size_t size) { return checked(__libc_memalign(alignment, size), size); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *fresh = memalign(alignment, size);
  if (!fresh) return ENOMEM;
  *memory = fresh;
  return 0;
}
#endif
