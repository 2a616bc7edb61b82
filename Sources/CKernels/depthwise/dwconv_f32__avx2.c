// dwconv_f32 with AVX2 and FMA.
#if defined(__x86_64__)
#include "common/compile.h"

COMPILE_FOR(AVX2)
#include "common/vec_f32__avx2.h"

#define F32_NAME(x) x##__avx2
#define F32_STRING(x) x "__avx2"
#define F32_NEEDS NEEDS_AVX2
#define F32_OPS ck_float_ops__avx2

#include "dwconv_f32.h"

END_COMPILE_FOR
#endif
