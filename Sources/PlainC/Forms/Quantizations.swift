import IR
import Operators
import Tensors

// From float32 to int8 and back.

extension QuantizeLinear: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    writer.quantize(
      quantization, site.site.outputs[0].shape,
      isTurned: site.site.layout(ofInput: 0) != site.site.layout(ofOutput: 0), from: try site.input(), to: site.output)
  }
}

extension DequantizeLinear: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let quantization = try site.site.inputs.required(0, "x").quantized("x")
    writer.call(
      .dequantizeS8, .int(site.site.outputs[0].count), .pointer(try site.input()), .float(quantization.scale),
      .int(quantization.zeroPoint), .pointer(site.output))
  }
}

extension CallWriter {
  /// Calls what quantizes a tensor.
  ///
  /// - Parameter isTurned: whether images with channels in planes become channels-last
  mutating func quantize(
    _ quantization: Quantization, _ shape: [Int], isTurned: Bool, from: CProgram.Pointer, to: CProgram.Pointer
  ) {
    let scale = CProgram.Argument.float(quantization.scale)
    let zeroPoint = CProgram.Argument.int(quantization.zeroPoint)
    guard isTurned else {
      return call(.quantizeS8, .int(shape.reduce(1, *)), .pointer(from), scale, zeroPoint, .pointer(to))
    }
    let pixels = shape[2] * shape[3]
    for image in 0..<shape[0] {
      let start = image * shape[1] * pixels
      call(
        .quantizePlanesS8, .int(shape[1]), .int(pixels), .pointer(from.advanced(by: start)), .int(pixels), scale,
        zeroPoint, .pointer(to.advanced(by: start)))
    }
  }
}
