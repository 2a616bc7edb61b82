// What kernels need around them: a thread pool and a hash.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_isa.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Processors this process may run on; at least 1.
size_t ck_processors(void);

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

/// SHA-256 (FIPS 180-4) of a buffer.
void ck_sha256(const void *data, size_t size, uint8_t digest[32]);
/// The same with the portable code only, for tests.
void ck_sha256_portable(const void *data, size_t size, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif
