// dwconv_f32 with NEON.
#if defined(__aarch64__)
#include "common/vec_f32__neon.h"

#define F32_NAME(x) x##__neon
#define F32_STRING(x) x "__neon"
#define F32_NEEDS NEEDS_NEON
#define F32_OPS ck_float_ops__neon

#include "dwconv_f32.h"
#endif
