// What kernels are tested and timed on: one list for the tests in Swift and the programs in C.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_int8.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Families of shapes. All but the layers of models are small: they are swept around the block sizes of the kernels.
typedef enum {
  KC_POINTWISE,     ///< 1x1 convolutions and matrix products
  KC_DENSE,         ///< convolutions with windows
  KC_GROUPED,       ///< grouped, but not depthwise
  KC_DEPTHWISE,     ///< one input channel to one output channel
  KC_POOLING,       ///< windows of pooling operators: the channels are the groups
  KC_MODEL_LAYERS,  ///< the costliest layers of known models, each named, for benchmarks
} kc_family;
enum { KC_FAMILIES = KC_MODEL_LAYERS + 1 };

typedef struct {
  const char *model, *layer;  ///< "MobileNetV2", "expand 14"; NULL but in KC_MODEL_LAYERS
  int32_t repeats;            ///< how many layers of the model have the shape, or 1
  ck_conv_shape shape;
} kc_case;

/// The cases of a family, alive for ever. Thread-safe.
const kc_case *kc_cases(kc_family family, size_t *count);
const char *kc_family_name(kc_family family);

/// A square kernel padded alike on all sides; out_h and out_w follow.
ck_conv_shape kc_shape(int32_t height, int32_t width, int32_t in_c, int32_t out_c, int32_t kernel, int32_t stride,
                       int32_t dilation, int32_t padding, int32_t groups);
/// Sets out_h and out_w, given what is padded below and to the right.
void kc_set_output(ck_conv_shape *shape, int32_t pad_bottom, int32_t pad_right);
/// Multiplications of a convolution.
int64_t kc_macs(const ck_conv_shape *shape);

/// Zero points and bounds of an output.
typedef struct {
  int32_t input_zero_point, output_zero_point, lo, hi;
} kc_quantization;
/// Those to go through, the i-th case of a list with entry i modulo their count: a prime, so that no regularity of a
/// list keeps a combination from coming up.
const kc_quantization *kc_quantizations(size_t *count);

/// Lengths of element-wise operands, around every vector width.
const int32_t *kc_sizes(size_t *count);

#ifdef __cplusplus
}
#endif
