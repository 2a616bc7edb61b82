import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Average pooling in int8: y = clamp(rne(float32(sum of (q - z_x)) * (m / count)) + z_y, -128, 127) with
/// m = float32(s_x / s_y).
///
/// `count` is the number of window positions inside the image, or all of them with count_include_pad. Without a window
/// the pool covers the whole image and the output is [N, C, 1, 1].
package struct AveragePoolInt8: Operator {
  package static let name = "AveragePoolInt8"

  /// Nil for the whole image.
  package var window: Window?
  package var ceiling: Bool
  package var countIncludesPadding: Bool
  package var output: Quantization

  package init(window: Window?, ceiling: Bool = false, countIncludesPadding: Bool = false, output: Quantization) {
    self.window = window
    self.ceiling = ceiling
    self.countIncludesPadding = countIncludesPadding
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = attributes.has("kernel_shape") ? try Window(reading: &attributes) : nil
    ceiling = try attributes.bool("ceil_mode", default: false)
    countIncludesPadding = try attributes.bool("count_include_pad", default: false)
    output = try Quantization(reading: &attributes)
  }

  package func write(to attributes: inout AttributeWriter) {
    window?.write(to: &attributes)
    if ceiling { attributes.set("ceil_mode", ceiling) }
    if countIncludesPadding { attributes.set("count_include_pad", countIncludesPadding) }
    output.write(to: &attributes)
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    _ = try x.quantized("x")
    try x.expect(rank: 4, "x")
    let size = try window?.outputSize(Array(x.shape[2...]), ceiling: ceiling) ?? [1, 1]
    return [TensorType(.int8, try checkedShape(x.shape[..<2] + size), quantization: output)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let quantization = try x.quantized("x")
    let multiplier = Float(Double(quantization.scale) / Double(output.scale))
    let zeroPoint = Int32(output.zeroPoint)
    let images = x.shape[0]
    let channels = x.shape[1]
    let positions = x.shape[2] * x.shape[3]
    guard let window else {
      let average = Kernels.int8.global_average
      return Kernel(implementation: "global_average_s8") { call in
        let source: UnsafePointer<Int8> = call.input(0).pointer()
        let target: UnsafeMutablePointer<Int8> = call.output.pointer()
        for image in 0..<images {
          average(
            positions, channels, Int32(quantization.zeroPoint), multiplier, zeroPoint,
            source + image * positions * channels, target + image * channels)
        }
      }
    }
    let shape = window.convolutionShape(input: x.shape, output: site.outputs[0].shape, groups: channels)
    let pool = Kernels.int8.average_pool
    let includesPadding: Int32 = countIncludesPadding ? 1 : 0
    return Pooling.kernel(
      Int8.self, images: images, shape: shape, implementation: "average_pool_s8", hasBands: false
    ) { shape, input, output, rows in
      pool(
        shape, includesPadding, Int32(quantization.zeroPoint), multiplier, zeroPoint, input, output, rows.lowerBound,
        rows.upperBound)
    }
  }
}

extension AveragePoolInt8: FloatFormed {
  package func floatForm(_: [Operand?]) -> FloatForm {
    guard let window else { return FloatForm(GlobalAveragePool()) }
    return FloatForm(AveragePool(window: window, ceiling: ceiling, countIncludePad: countIncludesPadding))
  }
}
