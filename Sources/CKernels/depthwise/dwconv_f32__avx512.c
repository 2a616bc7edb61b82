// dwconv_f32 with AVX-512.
#if defined(__x86_64__)
#include "common/compile.h"

COMPILE_FOR(AVX512)
#include "common/vec_f32__avx512.h"

#define F32_NAME(x) x##__avx512
#define F32_STRING(x) x "__avx512"
#define F32_NEEDS NEEDS_AVX512
#define F32_OPS ck_float_ops__avx512

#include "dwconv_f32.h"

END_COMPILE_FOR
#endif
