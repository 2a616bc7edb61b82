// The one table of kernels of resizing: which run where, and which is preferred.
#include "choice/complete.h"
#include "common/compile.h"
#include "resize/resize.h"

// Best first. The last needs nothing.
static const struct {
  ck_features needs;
  const ck_resize_set *set;
} sets[] = {
#if defined(__x86_64__)
    {NEEDS_AVX2, &ck_resize__avx2},
#elif defined(__aarch64__)
    {NEEDS_NEON, &ck_resize__neon},
#endif
    {0, &ck_resize__scalar},
};
enum { SETS = sizeof sets / sizeof sets[0] };

const ck_resize_set *ck_resize_set_for(ck_features features) {
  size_t i = 0;
  while (sets[i].needs & ~features) i++;
  ck_require_complete(sets[i].set->name, sets[i].set, sizeof *sets[i].set);
  return sets[i].set;
}

size_t ck_resize_set_all(const ck_resize_set **all, size_t capacity) {
  assert(all || capacity == 0);
  size_t count = 0;
  for (size_t i = 0; i < SETS && count < capacity; i++)
    if (ck_runs(sets[i].needs)) all[count++] = sets[i].set;
  return count;
}
