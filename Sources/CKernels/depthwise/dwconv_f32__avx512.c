// dwconv_f32 with AVX-512.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#include "common/vec_f32__avx512.h"

#define F32_NAME(x) x##__avx512
#define F32_STRING(x) x "__avx512"
#define F32_ISA CK_ISA_AVX512
#define F32_OPS ck_float_ops__avx512

#include "dwconv_f32.h"

#pragma clang attribute pop
#endif
