// The float operators other than convolution with NEON.
#if defined(__aarch64__)
#include "common/vec_f32__neon.h"

#include "ops_f32.h"
#include "statistics_f32.h"
#include "transpose/transpose.h"
#include "pool/window_f32.h"

const ck_float_ops ck_float_ops__neon = {
    .name = "neon",
    .unary = unary,
    .binary_rows = binary_rows,
    .add = add,
    .scale_shift = scale_shift,
    .max_pool = max_pool,
    .average_pool = average_pool,
    .global_average = global_average,
    .transpose32 = ck_transpose32__neon,
    .transpose8 = ck_transpose8__neon,
    .min_max = min_max,
    .histogram = histogram,
    .softmax = softmax,
};
#endif
