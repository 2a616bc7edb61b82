// A pool of threads that stay alive, for work that is split thousands of times a second.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Processors this process may run on; at least 1.
size_t ct_processors(void);

/// A fixed set of threads. The calling thread works too: a pool of 1 has no others.
typedef struct ct_pool ct_pool;
/// NULL when threads cannot be started or threads is not in 1...256.
ct_pool *ct_pool_create(size_t threads);
void ct_pool_destroy(ct_pool *pool);
size_t ct_pool_threads(const ct_pool *pool);
/// Calls task(context, thread, begin, end) on each thread with a static split of [0, units); returns when all are done.
/// Not reentrant: one run at a time for a pool.
void ct_pool_run(ct_pool *pool, size_t units, void (*task)(void *context, size_t thread, size_t begin, size_t end),
                 void *context);

#ifdef __cplusplus
}
#endif
