#include "CPlainC.h"

// Clang has #embed in all its languages.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char common[] = {
#embed "../PlainC/Kernels/dc_common.h"
};
static const unsigned char conv_f32[] = {
#embed "../PlainC/Kernels/dc_conv_f32.h"
};
static const unsigned char conv_s8[] = {
#embed "../PlainC/Kernels/dc_conv_s8.h"
};
static const unsigned char copy[] = {
#embed "../PlainC/Kernels/dc_copy.h"
};
static const unsigned char dwconv_s8[] = {
#embed "../PlainC/Kernels/dc_dwconv_s8.h"
};
static const unsigned char elementwise_f32[] = {
#embed "../PlainC/Kernels/dc_elementwise_f32.h"
};
static const unsigned char elementwise_s8[] = {
#embed "../PlainC/Kernels/dc_elementwise_s8.h"
};
static const unsigned char math_f32[] = {
#embed "../PlainC/Kernels/dc_math_f32.h"
};
static const unsigned char pool_f32[] = {
#embed "../PlainC/Kernels/dc_pool_f32.h"
};
static const unsigned char pool_s8[] = {
#embed "../PlainC/Kernels/dc_pool_s8.h"
};
static const unsigned char resize[] = {
#embed "../PlainC/Kernels/dc_resize.h"
};
static const unsigned char simd[] = {
#embed "../PlainC/Kernels/dc_simd.h"
};
static const unsigned char softmax_f32[] = {
#embed "../PlainC/Kernels/dc_softmax_f32.h"
};
static const unsigned char transpose[] = {
#embed "../PlainC/Kernels/dc_transpose.h"
};

#define SOURCE(file) {"dc_" #file ".h", file, sizeof file}

static const cpc_source sources[] = {
    SOURCE(common), SOURCE(conv_f32), SOURCE(conv_s8), SOURCE(copy), SOURCE(dwconv_s8), SOURCE(elementwise_f32),
    SOURCE(elementwise_s8), SOURCE(math_f32), SOURCE(pool_f32), SOURCE(pool_s8), SOURCE(resize), SOURCE(simd),
    SOURCE(softmax_f32), SOURCE(transpose),
};

const cpc_source *cpc_sources(size_t *count) {
  *count = sizeof sources / sizeof *sources;
  return sources;
}
