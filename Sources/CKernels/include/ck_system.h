// What kernels need around them: a thread pool, a hash, the heap.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_isa.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Processors this process may run on; at least 1.
size_t ck_processors(void);

/// CK_ALIGN-aligned memory of zeroes. Large blocks take no memory before they are touched. Aborts where there is none, as
/// Swift's own allocation does.
void *ck_allocate_zeroed(size_t size);
void ck_deallocate(void *memory);

/// Gives memory that was freed back to the system, where the allocator can; nothing elsewhere.
void ck_trim_heap(void);

/// A fixed set of persistent worker threads. The calling thread works too: a pool of 1 has no workers.
typedef struct ck_pool ck_pool;
/// NULL when threads cannot be started or threads is not in 1...256.
ck_pool *ck_pool_create(size_t threads);
void ck_pool_destroy(ck_pool *pool);
size_t ck_pool_threads(const ck_pool *pool);
/// Calls task(context, thread, begin, end) on each thread with a static split of [0, units); returns when all are done.
/// Not reentrant: one run at a time for a pool.
void ck_pool_run(ck_pool *pool, size_t units, void (*task)(void *context, size_t thread, size_t begin, size_t end),
                 void *context);

/// SHA-256 (FIPS 180-4) of data that comes in pieces, by the processor's instructions where it has them.
typedef struct {
  uint32_t state[8];
  uint64_t size;      // bytes so far
  uint8_t block[64];  // the last size % 64 of them
} ck_sha256_stream;
void ck_sha256_begin(ck_sha256_stream *stream);
void ck_sha256_add(ck_sha256_stream *stream, const void *data, size_t size);
void ck_sha256_end(ck_sha256_stream *stream, uint8_t digest[32]);

/// SHA-256 of a buffer.
void ck_sha256(const void *data, size_t size, uint8_t digest[32]);
/// The same with the portable code only, for tests.
void ck_sha256_portable(const void *data, size_t size, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif
