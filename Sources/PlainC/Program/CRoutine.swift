/// A C routine that programs call: one of a header of `Kernels`.
package enum CRoutine: String, Sendable, CaseIterable {
  case addF32 = "dc_add_f32"
  case addS8 = "dc_add_s8"
  case averagePoolF32 = "dc_average_pool_f32"
  case averagePoolS8 = "dc_average_pool_s8"
  case binaryRowsF32 = "dc_binary_rows_f32"
  case convF32 = "dc_conv_f32"
  case convS8 = "dc_conv_s8"
  case convS8F32 = "dc_conv_s8_f32"
  case copy = "dc_copy"
  case dequantizeS8 = "dc_dequantize_s8"
  case depthwiseF32 = "dc_dwconv_f32"
  case depthwiseS8 = "dc_dwconv_s8"
  case globalAverageF32 = "dc_global_average_f32"
  case globalAverageS8 = "dc_global_average_s8"
  case lookUpS8 = "dc_lut_s8"
  case maxPoolF32 = "dc_max_pool_f32"
  case maxPoolS8 = "dc_max_pool_s8"
  case multiplyRowsS8 = "dc_mul_rows_s8"
  case quantizePlanesS8 = "dc_quantize_planes_s8"
  case quantizeS8 = "dc_quantize_s8"
  case requantizeRowsS8 = "dc_requantize_rows_s8"
  case scaleShiftF32 = "dc_scale_shift_f32"
  case softmaxF32 = "dc_softmax_f32"
  case transpose8 = "dc_transpose8"
  case transpose32 = "dc_transpose32"
  case unaryF32 = "dc_unary_f32"

  /// The header that has it.
  package var header: String {
    switch self {
    case .convS8, .convS8F32: "dc_conv_s8.h"
    case .depthwiseS8: "dc_dwconv_s8.h"
    case .addS8, .multiplyRowsS8, .lookUpS8, .requantizeRowsS8, .quantizeS8, .quantizePlanesS8, .dequantizeS8:
      "dc_elementwise_s8.h"
    case .maxPoolS8, .averagePoolS8, .globalAverageS8: "dc_pool_s8.h"
    case .convF32, .depthwiseF32: "dc_conv_f32.h"
    case .unaryF32, .binaryRowsF32, .addF32, .scaleShiftF32: "dc_elementwise_f32.h"
    case .maxPoolF32, .averagePoolF32, .globalAverageF32: "dc_pool_f32.h"
    case .softmaxF32: "dc_softmax_f32.h"
    case .transpose8, .transpose32: "dc_transpose.h"
    case .copy: "dc_copy.h"
    }
  }
}
