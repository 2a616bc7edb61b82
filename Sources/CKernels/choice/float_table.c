// The one list of float kernels: which there are, and which is chosen for a shape and an instruction set.
#include <stddef.h>

#include "choice/complete.h"
#include "common/float_kernels.h"

// In order of preference: the first that fits the shape and runs on the instruction set is taken.
static const ck_conv_f32_kernel *const kernels[] = {
#if defined(__x86_64__)
    &ck_dwconv_f32__avx512, &ck_igemm_f32__avx512, &ck_dwconv_f32__avx2, &ck_igemm_f32__avx2,
#elif defined(__aarch64__)
    &ck_dwconv_f32__neon, &ck_igemm_f32__neon,
#endif
    &ck_conv_f32__scalar,
};

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

const ck_conv_f32_kernel *ck_conv_f32_choose(const ck_conv_shape *shape, ck_isa isa) {
  for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
    if (kernels[i]->isa <= isa && kernels[i]->fits(shape)) return complete(kernels[i]);
  return complete(&ck_conv_f32__scalar);
}

size_t ck_conv_f32_all(const ck_conv_shape *shape, const ck_conv_f32_kernel **fitting, size_t capacity) {
  size_t count = 0;
  for (size_t i = 0; i < sizeof kernels / sizeof kernels[0] && count < capacity; i++)
    if (ck_isa_runs(kernels[i]->isa) && kernels[i]->fits(shape)) fitting[count++] = kernels[i];
  return count;
}

const char *ck_conv_f32_name(const ck_conv_f32_kernel *kernel) { return kernel->name; }

size_t ck_conv_f32_packed_size(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape) {
  return kernel->packed_size(shape);
}

void ck_conv_f32_pack(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape, const float *weights,
                      const float *bias, void *packed) {
  kernel->pack(shape, weights, bias, packed);
}

size_t ck_conv_f32_units(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape) { return kernel->units(shape); }

size_t ck_conv_f32_scratch(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape) {
  return kernel->scratch(shape);
}

void ck_conv_f32_run(const ck_conv_f32_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                     const ck_activation *activation, const float *input, float *output, size_t begin, size_t end,
                     void *scratch) {
  kernel->run(shape, packed, activation, input, output, begin, end, scratch);
}

const ck_float_ops *ck_float_ops_for(ck_isa isa) {
#if defined(__x86_64__)
  if (isa >= CK_ISA_AVX512) return complete_ops(&ck_float_ops__avx512);
  if (isa >= CK_ISA_AVX2) return complete_ops(&ck_float_ops__avx2);
#elif defined(__aarch64__)
  if (isa >= CK_ISA_NEON) return complete_ops(&ck_float_ops__neon);
#endif
  (void)isa;
  return complete_ops(&ck_float_ops__scalar);
}
