// What programs need of the heap and Swift does not offer.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Aligned memory of zeroes; the alignment is a power of two. Large blocks take no memory before they are touched.
/// Aborts where there is none, as Swift's own allocation does.
void *ch_allocate_zeroed(size_t size, size_t alignment);
void ch_deallocate(void *memory);

/// Gives memory that was freed back to the system, where the allocator can; nothing elsewhere.
void ch_trim(void);

#ifdef __cplusplus
}
#endif
