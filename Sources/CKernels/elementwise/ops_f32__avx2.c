// The float operators other than convolution with AVX2 and FMA.
#if defined(__x86_64__)
#include "common/compile.h"

COMPILE_FOR(AVX2)
#include "common/vec_f32__avx2.h"

#include "ops_f32.h"
#include "statistics_f32.h"
#include "transpose/transpose.h"
#include "pool/window_f32.h"

END_COMPILE_FOR

const ck_float_ops ck_float_ops__avx2 = {
    .name = "avx2",
    .unary = unary,
    .binary_rows = binary_rows,
    .add = add,
    .scale_shift = scale_shift,
    .max_pool = max_pool,
    .average_pool = average_pool,
    .global_average = global_average,
    .transpose32 = ck_transpose32__avx2,
    .transpose8 = ck_transpose8__avx2,
    .min_max = min_max,
    .histogram = histogram,
    .softmax = softmax,
};
#endif
