// The one table of float kernels: which run where, and which is preferred.
#include <stddef.h>

#include "choice/complete.h"
#include "common/compile.h"
#include "common/contract.h"
#include "common/float_kernels.h"

// In order of preference: the first that fits the shape, and has the features it needs, is taken. The last fits
// everything and needs nothing.
static const ck_conv_f32_kernel *const conv_kernels[] = {
#if defined(__x86_64__)
    &ck_dwconv_f32__avx512, &ck_igemm_f32__avx512, &ck_dwconv_f32__avx2, &ck_igemm_f32__avx2,
#elif defined(__aarch64__)
    &ck_dwconv_f32__neon, &ck_igemm_f32__neon,
#endif
    &ck_conv_f32__scalar,
};
enum { CONV_KERNELS = sizeof conv_kernels / sizeof conv_kernels[0] };

// Element-wise sets, best first.
static const struct {
  ck_features needs;
  const ck_float_ops *ops;
} ops_sets[] = {
#if defined(__x86_64__)
    {NEEDS_AVX512, &ck_float_ops__avx512},
    {NEEDS_AVX2, &ck_float_ops__avx2},
#elif defined(__aarch64__)
    {NEEDS_NEON, &ck_float_ops__neon},
#endif
    {0, &ck_float_ops__scalar},
};
enum { OPS_SETS = sizeof ops_sets / sizeof ops_sets[0] };

static const ck_conv_f32_kernel *complete(const ck_conv_f32_kernel *kernel) {
  const size_t functions = offsetof(ck_conv_f32_kernel, fits);
  ck_require_complete(kernel->name, &kernel->name, sizeof kernel->name);
  ck_require_complete(kernel->name, (const char *)kernel + functions, sizeof *kernel - functions);
  return kernel;
}

static const ck_float_ops *complete_ops(const ck_float_ops *ops) {
  ck_require_complete(ops->name, ops, sizeof *ops);
  return ops;
}

const ck_conv_f32_kernel *ck_conv_f32_choose(const ck_conv_shape *shape, ck_features features) {
  assert(ck_is_shape(shape));
  size_t i = 0;
  while ((conv_kernels[i]->needs & ~features) || !conv_kernels[i]->fits(shape)) i++;
  return complete(conv_kernels[i]);
}

size_t ck_conv_f32_all(const ck_conv_shape *shape, const ck_conv_f32_kernel **kernels, size_t capacity) {
  assert(ck_is_shape(shape) && (kernels || capacity == 0));
  size_t count = 0;
  for (size_t i = 0; i < CONV_KERNELS && count < capacity; i++)
    if (ck_runs(conv_kernels[i]->needs) && conv_kernels[i]->fits(shape)) kernels[count++] = conv_kernels[i];
  return count;
}

const char *ck_conv_f32_name(const ck_conv_f32_kernel *kernel) {
  assert(kernel);
  return kernel->name;
}

size_t ck_conv_f32_packed_size(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  return kernel->packed_size(shape);
}

void ck_conv_f32_pack(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape, const float *weights,
                      const float *bias, void *packed) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape) && weights && ck_is_aligned(packed));
  kernel->pack(shape, weights, bias, packed);
}

size_t ck_conv_f32_units(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  return kernel->units(shape);
}

size_t ck_conv_f32_scratch(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  return kernel->scratch(shape);
}

void ck_conv_f32_run(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                     const ck_activation *activation, const float *input, float *output, size_t begin, size_t end,
                     void *scratch) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape) && ck_runs(kernel->needs));
  assert(ck_is_aligned(packed) && activation && input && output && ck_is_range(begin, end, kernel->units(shape)));
  assert(ck_is_aligned(scratch) || kernel->scratch(shape) == 0);
  kernel->run(shape, packed, activation, input, output, begin, end, scratch);
}

const ck_float_ops *ck_float_ops_for(ck_features features) {
  size_t i = 0;
  while (ops_sets[i].needs & ~features) i++;
  return complete_ops(ops_sets[i].ops);
}

size_t ck_float_ops_all(const ck_float_ops **sets, size_t capacity) {
  assert(sets || capacity == 0);
  size_t count = 0;
  for (size_t i = 0; i < OPS_SETS && count < capacity; i++)
    if (ck_runs(ops_sets[i].needs)) sets[count++] = ops_sets[i].ops;
  return count;
}
