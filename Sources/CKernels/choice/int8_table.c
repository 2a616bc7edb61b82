// The one table of int8 kernels: which run where, and which is preferred.
#include "choice/complete.h"
#include "common/compile.h"
#include "common/contract.h"
#include "common/int8_kernels.h"

// In order of preference: the first that fits and suits the shape, and has the features it needs, is chosen. The last
// fits everything and needs nothing.
static const ck_conv_s8_kernel *const conv_kernels[] = {
#if defined(__x86_64__)
    &ck_dwconv_3x3_s8__avx512vnni,
    &ck_dwconv_s8__avx512vnni,
    &ck_igemm_s8__amx,
    &ck_shallow_conv_s8__avx512vnni,
    &ck_igemm_s8__avx512vnni,
    &ck_dwconv_s8__avxvnni,
    &ck_igemm_s8__avxvnni,
    &ck_dwconv_s8__avx2,
    &ck_igemm_s8__avx2,
#elif defined(__aarch64__)
    &ck_dwconv_s8__neondot,
    &ck_igemm_s8__neoni8mm,
    &ck_igemm_s8__neondot,
    &ck_dwconv_s8__neon,
    &ck_igemm_s8__neon,
#endif
    &ck_conv_s8__scalar,
};
enum { CONV_KERNELS = sizeof conv_kernels / sizeof conv_kernels[0] };

// Element-wise sets, best first.
static const struct {
  ck_features needs;
  const ck_int8_ops *ops;
} ops_sets[] = {
#if defined(__x86_64__)
    {NEEDS_AVX512VBMI, &ck_int8_ops__avx512vbmi},
    {NEEDS_AVX512, &ck_int8_ops__avx512},
    {NEEDS_AVX2, &ck_int8_ops__avx2},
#elif defined(__aarch64__)
    {NEEDS_NEON, &ck_int8_ops__neon},
#endif
    {0, &ck_int8_ops__scalar},
};
enum { OPS_SETS = sizeof ops_sets / sizeof ops_sets[0] };

static int suits(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) {
  return kernel->fits(shape) && (!kernel->suits || kernel->suits(shape));
}

// Only `suits` may be missing.
static const ck_conv_s8_kernel *complete(const ck_conv_s8_kernel *kernel) {
  const size_t functions = offsetof(ck_conv_s8_kernel, packed_size);
  ck_require_complete(kernel->name, &kernel->name, sizeof kernel->name);
  ck_require_complete(kernel->name, &kernel->fits, sizeof kernel->fits);
  ck_require_complete(kernel->name, (const char *)kernel + functions, sizeof *kernel - functions);
  return kernel;
}

const ck_conv_s8_kernel *ck_conv_s8_choose(const ck_conv_shape *shape, ck_features features) {
  assert(ck_is_shape(shape));
  size_t i = 0;
  while ((conv_kernels[i]->needs & ~features) || !suits(conv_kernels[i], shape)) i++;
  return complete(conv_kernels[i]);
}

int ck_conv_s8_is_narrow(const ck_conv_s8_kernel *kernel) {
  assert(kernel);
#if defined(__aarch64__)
  return kernel == &ck_dwconv_s8__neon || kernel == &ck_igemm_s8__neon;
#else
  return 0;
#endif
}

const ck_conv_s8_kernel *ck_conv_s8_choose_wide(const ck_conv_shape *shape, ck_features features) {
  assert(ck_is_shape(shape));
  size_t i = 0;
  while ((conv_kernels[i]->needs & ~features) || !suits(conv_kernels[i], shape) ||
         ck_conv_s8_is_narrow(conv_kernels[i]))
    i++;
  return complete(conv_kernels[i]);
}

const char *ck_conv_s8_name(const ck_conv_s8_kernel *kernel) {
  assert(kernel);
  return kernel->name;
}

size_t ck_conv_s8_packed_size(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  return ck_round_up(kernel->packed_size(shape), CK_ALIGN);
}

void ck_conv_s8_pack(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const int8_t *weights,
                     const int32_t *bias, const float *multiplier, int32_t input_zero_point, void *packed) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  assert(weights && multiplier && ck_is_int8(input_zero_point) && ck_is_aligned(packed));
  kernel->pack(shape, weights, bias, multiplier, input_zero_point, packed);
}

size_t ck_conv_s8_units(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  return kernel->units(shape);
}

size_t ck_conv_s8_scratch(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape));
  return kernel->scratch(shape);
}

static void run(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                const ck_conv_s8_output *output, const int8_t *input, size_t begin, size_t end, void *scratch) {
  assert(kernel && ck_is_shape(shape) && kernel->fits(shape) && ck_runs(kernel->needs));
  assert(ck_is_aligned(packed) && input && ck_is_range(begin, end, kernel->units(shape)));
  assert(ck_is_aligned(scratch) || kernel->scratch(shape) == 0);
  kernel->run(shape, packed, output, input, begin, end, scratch);
}

void ck_conv_s8_run(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                    const ck_requantize *requantize, const int8_t *input, int8_t *output, size_t begin, size_t end,
                    void *scratch) {
  assert(requantize && output && ck_is_int8(requantize->input_zero_point));
  assert(ck_is_output(requantize->output_zero_point, requantize->lo, requantize->hi));
  ck_conv_s8_output out = {.s8 = output, .input_zero_point = requantize->input_zero_point, .requantize = requantize};
  run(kernel, shape, packed, &out, input, begin, end, scratch);
}

void ck_conv_s8_run_f32(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                        int32_t input_zero_point, const int8_t *input, float *output, size_t begin, size_t end,
                        void *scratch) {
  assert(output && ck_is_int8(input_zero_point));
  ck_conv_s8_output out = {.f32 = output, .input_zero_point = input_zero_point};
  run(kernel, shape, packed, &out, input, begin, end, scratch);
}

size_t ck_conv_s8_all(const ck_conv_shape *shape, const ck_conv_s8_kernel **kernels, size_t capacity) {
  assert(ck_is_shape(shape) && (kernels || capacity == 0));
  size_t count = 0;
  for (size_t i = 0; i < CONV_KERNELS && count < capacity; i++)
    if (ck_runs(conv_kernels[i]->needs) && conv_kernels[i]->fits(shape)) kernels[count++] = conv_kernels[i];
  return count;
}

static const ck_int8_ops *complete_ops(const ck_int8_ops *ops) {
  ck_require_complete(ops->name, ops, sizeof *ops);
  return ops;
}

const ck_int8_ops *ck_int8_ops_for(ck_features features) {
  size_t i = 0;
  while (ops_sets[i].needs & ~features) i++;
  return complete_ops(ops_sets[i].ops);
}

size_t ck_int8_ops_all(const ck_int8_ops **sets, size_t capacity) {
  assert(sets || capacity == 0);
  size_t count = 0;
  for (size_t i = 0; i < OPS_SETS && count < capacity; i++)
    if (ck_runs(ops_sets[i].needs)) sets[count++] = ops_sets[i].ops;
  return count;
}
