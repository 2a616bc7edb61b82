import CKernels
import KernelCases

/// One convolution or pooling shape of the list that tests share with the programs in C.
struct ConvCase: Sendable, CustomStringConvertible {
  var shape: ck_conv_shape

  /// A square kernel, padded alike on all sides.
  init(
    _ height: Int32, _ width: Int32, _ inputChannels: Int32, _ outputChannels: Int32, kernel: Int32 = 1,
    stride: Int32 = 1, dilation: Int32 = 1, padding: Int32 = 0, groups: Int32 = 1
  ) {
    shape = kc_shape(
      height, width, inputChannels, outputChannels, kernel, stride, dilation, padding, groups)
  }

  private init(_ shape: ck_conv_shape) {
    self.shape = shape
  }

  static func family(_ family: kc_family) -> [ConvCase] {
    var count = 0
    let cases = UnsafeBufferPointer(start: kc_cases(family, &count), count: count)
    return cases.map { ConvCase($0.shape) }
  }

  static let pointwise = family(KC_POINTWISE)
  static let dense = family(KC_DENSE)
  static let grouped = family(KC_GROUPED)
  static let depthwise = family(KC_DEPTHWISE)
  static let pooling = family(KC_POOLING)
  static let modelLayers = family(KC_MODEL_LAYERS)

  static let all: [ConvCase] = pointwise + dense + grouped + depthwise

  var macs: Int {
    withUnsafePointer(to: shape) { Int(kc_macs($0)) }
  }

  var description: String {
    let s = shape
    return """
      \(s.in_h)x\(s.in_w)x\(s.in_c)->\(s.out_h)x\(s.out_w)x\(s.out_c) k\(s.kernel_h)x\(s.kernel_w) \
      s\(s.stride_h),\(s.stride_w) d\(s.dilation_h),\(s.dilation_w) p\(s.pad_top),\(s.pad_left) g\(s.groups)
      """
  }
}

/// The zero points and bounds of the i-th case of a list.
func listedQuantization(_ i: Int) -> kc_quantization {
  var count = 0
  let all = UnsafeBufferPointer(start: kc_quantizations(&count), count: count)
  return all[i % all.count]
}

/// Lengths of element-wise operands.
let listedSizes: [Int] = {
  var count = 0
  return UnsafeBufferPointer(start: kc_sizes(&count), count: count).map(Int.init)
}()
