// A pool of threads that stay alive between runs. A run is announced by a counter: workers watch it for some
// microseconds, which spares consecutive layers the price of waking a thread, and then sleep until the next run.
#define _GNU_SOURCE  // sched_getaffinity
#include "CThreads.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define MOST_THREADS 256
#define STACK_BYTES (2 << 20)    // of a worker, whatever the process's own limit is; taken when touched
#define SPIN_NANOSECONDS 20000   // how long a thread watches before it sleeps
#define ALONE_NANOSECONDS 3000   // how long it does so without offering its processor to others

size_t ct_processors(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  const int count = CPU_COUNT(&allowed);
  return count > 0 ? (size_t)count : 1;
}

typedef struct {
  ct_pool *pool;
  size_t index;
  pthread_t thread;
} worker;

struct ct_pool {
  size_t threads;
  // The run: written by the caller before `generation` grows, read by workers after they saw it grow.
  void (*task)(void *context, size_t thread, size_t begin, size_t end);
  void *context;
  size_t units;
  _Atomic unsigned generation;  // runs announced so far
  _Atomic size_t busy;          // workers that have not finished the current run
  _Atomic size_t sleeping;      // workers inside, or about to enter, `announced`
  _Atomic int caller_sleeps;
  _Atomic int stop;
  pthread_mutex_t lock;
  pthread_cond_t announced, finished;
  worker workers[];  // threads - 1: the caller is thread 0
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void work(ct_pool *pool, size_t thread) {
  const size_t share = pool->units / pool->threads, extra = pool->units % pool->threads;
  const size_t begin = thread * share + (thread < extra ? thread : extra);
  const size_t end = begin + share + (thread < extra);
  if (begin < end) pool->task(pool->context, thread, begin, end);
}

// A moment between two looks at a flag. After a while it lets others run: where threads outnumber processors, the one
// waited for may need this very processor. Returns 0 when it is time to sleep.
static int pause_watching(long long since) {
  for (int i = 0; i < 8; i++) relax();
  const long long waited = now() - since;
  if (waited > ALONE_NANOSECONDS) sched_yield();
  return waited < SPIN_NANOSECONDS;
}

static void wait_for_run(ct_pool *pool, unsigned seen) {
  const long long since = now();
  do {
    if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) return;
  } while (pause_watching(since));
  pthread_mutex_lock(&pool->lock);
  // Counted before the last look at the generation; the caller looks at the count after it raised the generation. Both
  // orders are sequentially consistent, so either this sees the run or the caller sees the sleeper.
  atomic_fetch_add(&pool->sleeping, 1);
  while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->announced, &pool->lock);
  atomic_fetch_sub(&pool->sleeping, 1);
  pthread_mutex_unlock(&pool->lock);
}

static void *serve(void *argument) {
  const worker *self = argument;
  ct_pool *pool = self->pool;
  for (unsigned seen = 0;; seen++) {
    wait_for_run(pool, seen);
    if (atomic_load(&pool->stop)) return NULL;
    work(pool, self->index);
    if (atomic_fetch_sub(&pool->busy, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
      pthread_mutex_lock(&pool->lock);
      pthread_cond_signal(&pool->finished);
      pthread_mutex_unlock(&pool->lock);
    }
  }
}

static void announce(ct_pool *pool) {
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleeping) == 0) return;
  pthread_mutex_lock(&pool->lock);
  pthread_cond_broadcast(&pool->announced);
  pthread_mutex_unlock(&pool->lock);
}

static void wait_for_workers(ct_pool *pool) {
  const long long since = now();
  do {
    if (atomic_load_explicit(&pool->busy, memory_order_acquire) == 0) return;
  } while (pause_watching(since));
  pthread_mutex_lock(&pool->lock);
  atomic_store(&pool->caller_sleeps, 1);
  while (atomic_load(&pool->busy) != 0) pthread_cond_wait(&pool->finished, &pool->lock);
  atomic_store(&pool->caller_sleeps, 0);
  pthread_mutex_unlock(&pool->lock);
}

static void stop(ct_pool *pool, size_t started) {
  atomic_store(&pool->stop, 1);
  announce(pool);
  for (size_t i = 0; i < started; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->finished);
  pthread_cond_destroy(&pool->announced);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

ct_pool *ct_pool_create(size_t threads) {
  if (threads < 1 || threads > MOST_THREADS) return NULL;
  ct_pool *pool = calloc(1, sizeof *pool + (threads - 1) * sizeof(worker));
  if (!pool) return NULL;
  pool->threads = threads;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->announced, NULL);
  pthread_cond_init(&pool->finished, NULL);
  // Workers take no signals: those belong to the threads of whoever uses the pool. What a worker itself causes is its
  // own: held back, it would end the process past any handler.
  static const int caused[] = {SIGBUS, SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
  sigset_t others, before;
  sigfillset(&others);
  for (size_t i = 0; i < sizeof caused / sizeof caused[0]; i++) sigdelset(&others, caused[i]);
  pthread_sigmask(SIG_SETMASK, &others, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  size_t started = 0;
  while (started < threads - 1) {
    worker *w = &pool->workers[started];
    w->pool = pool;
    w->index = started + 1;
    if (pthread_create(&w->thread, &attributes, serve, w) != 0) break;
    started++;
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started == threads - 1) return pool;
  stop(pool, started);
  return NULL;
}

void ct_pool_destroy(ct_pool *pool) {
  if (pool) stop(pool, pool->threads - 1);
}

size_t ct_pool_threads(const ct_pool *pool) {
  assert(pool);
  return pool->threads;
}

void ct_pool_run(ct_pool *pool, size_t units, void (*task)(void *context, size_t thread, size_t begin, size_t end),
                 void *context) {
  assert(pool && task && atomic_load(&pool->busy) == 0);
  if (units == 0) return;
  if (pool->threads == 1 || units == 1) {
    task(context, 0, 0, units);
    return;
  }
  pool->task = task;
  pool->context = context;
  pool->units = units;
  atomic_store(&pool->busy, pool->threads - 1);
  announce(pool);
  work(pool, 0);
  wait_for_workers(pool);
}
