// The one table of int8 kernels: which run where, and which is preferred.
#include "choice/complete.h"
#include "common/int8_kernels.h"

// In order of preference: the first that fits and suits the shape and the ISA is chosen. The last fits everything.
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

// Element-wise sets, best first.
static const struct {
  ck_isa isa;
  const ck_int8_ops *ops;
} ops_sets[] = {
#if defined(__x86_64__)
    {CK_ISA_AVX512VNNI, &ck_int8_ops__avx512vbmi},
    {CK_ISA_AVX512, &ck_int8_ops__avx512},
    {CK_ISA_AVX2, &ck_int8_ops__avx2},
#elif defined(__aarch64__)
    {CK_ISA_NEON, &ck_int8_ops__neon},
#endif
    {CK_ISA_SCALAR, &ck_int8_ops__scalar},
};

// Whether kernels for `needed` may be used when the best set is `isa`: the enumeration rises within an architecture.
static int allows(ck_isa isa, ck_isa needed) {
  if (needed == CK_ISA_SCALAR || needed == isa) return 1;
  if (needed >= CK_ISA_NEON) return isa >= needed;
  if (isa >= CK_ISA_NEON || needed > isa) return 0;
  // AVX-512 without VNNI comes after AVX-VNNI but does not include it.
  return !(needed == CK_ISA_AVXVNNI && isa > CK_ISA_AVXVNNI);
}

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

const ck_conv_s8_kernel *ck_conv_s8_choose(const ck_conv_shape *shape, ck_isa isa) {
  for (size_t i = 0; i < sizeof conv_kernels / sizeof conv_kernels[0]; i++)
    if (allows(isa, conv_kernels[i]->isa) && suits(conv_kernels[i], shape)) return complete(conv_kernels[i]);
  return complete(&ck_conv_s8__scalar);
}

const char *ck_conv_s8_name(const ck_conv_s8_kernel *kernel) { return kernel->name; }

size_t ck_conv_s8_packed_size(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) {
  return ck_round_up(kernel->packed_size(shape), CK_ALIGN);
}

void ck_conv_s8_pack(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const int8_t *weights,
                     const int32_t *bias, const float *multiplier, int32_t input_zero_point, void *packed) {
  kernel->pack(shape, weights, bias, multiplier, input_zero_point, packed);
}

size_t ck_conv_s8_units(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) { return kernel->units(shape); }

size_t ck_conv_s8_scratch(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape) {
  return kernel->scratch(shape);
}

void ck_conv_s8_run(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                    const ck_requantize *requantize, const int8_t *input, int8_t *output, size_t begin, size_t end,
                    void *scratch) {
  ck_conv_s8_output out = {.s8 = output, .input_zero_point = requantize->input_zero_point, .requantize = requantize};
  kernel->run(shape, packed, &out, input, begin, end, scratch);
}

void ck_conv_s8_run_f32(const ck_conv_s8_kernel *kernel, const ck_conv_shape *shape, const void *packed,
                        int32_t input_zero_point, const int8_t *input, float *output, size_t begin, size_t end,
                        void *scratch) {
  ck_conv_s8_output out = {.f32 = output, .input_zero_point = input_zero_point};
  kernel->run(shape, packed, &out, input, begin, end, scratch);
}

size_t ck_conv_s8_all(const ck_conv_shape *shape, const ck_conv_s8_kernel **kernels, size_t capacity) {
  size_t count = 0;
  for (size_t i = 0; i < sizeof conv_kernels / sizeof conv_kernels[0] && count < capacity; i++)
    if (ck_isa_runs(conv_kernels[i]->isa) && conv_kernels[i]->fits(shape)) kernels[count++] = conv_kernels[i];
  return count;
}

static const ck_int8_ops *complete_ops(const ck_int8_ops *ops) {
  ck_require_complete(ops->name, ops, sizeof *ops);
  return ops;
}

const ck_int8_ops *ck_int8_ops_for(ck_isa isa) {
  for (size_t i = 0; i < sizeof ops_sets / sizeof ops_sets[0]; i++) {
    // Some processors with AVX-512-VNNI lack VBMI.
    int missing = ops_sets[i].isa == CK_ISA_AVX512VNNI && !ck_has_avx512vbmi();
    if (!missing && allows(isa, ops_sets[i].isa)) return complete_ops(ops_sets[i].ops);
  }
  return complete_ops(&ck_int8_ops__scalar);
}
