// dwconv_f32 with AVX2 and FMA.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "common/vec_f32__avx2.h"

#define F32_NAME(x) x##__avx2
#define F32_STRING(x) x "__avx2"
#define F32_ISA CK_ISA_AVX2
#define F32_OPS ck_float_ops__avx2

#include "dwconv_f32.h"

#pragma clang attribute pop
#endif
