import CKernels
package import IR
import Math
package import Tensors

/// Concatenation of int8 tensors along channels, each requantized to the common output scale.
///
/// y = clamp(rne((q_x - z_x) * m) + z_y, -128, 127) with m = float32(s_x / s_y); an input whose quantization is the output's
/// is copied.
package struct ConcatInt8: Operator {
  package static let name = "ConcatInt8"

  package var output: Quantization

  package init(output: Quantization) {
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(AttributeError) {
    output = try Quantization(reading: &attributes)
  }

  package func write(to attributes: inout AttributeWriter) { output.write(to: &attributes) }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(OperatorError) -> [TensorType] {
    let first = try inputs.required(0, "x0")
    try first.expect(rank: 4, "x0")
    var channels = 0
    for index in inputs.indices {
      let x = try inputs.required(index, "x\(index)")
      _ = try x.quantized("x\(index)")
      try x.expect(rank: 4, "x\(index)")
      guard x.shape[0] == first.shape[0], x.shape[2...] == first.shape[2...] else {
        throw OperatorError("x\(index) has shape \(x.shape), x0 \(first.shape): only channels may differ")
      }
      channels += x.shape[1]
    }
    let shape = try checkedShape([first.shape[0], channels, first.shape[2], first.shape[3]])
    return [TensorType(.int8, shape, quantization: output)]
  }

  package func kernel(for site: Site) throws(OperatorError) -> Kernel {
    let total = site.outputs[0].shape[1]
    let rows = site.outputs[0].count / max(1, total)
    var parts: [Part] = []
    var offset = 0
    for index in site.inputs.indices {
      let x = try site.inputs.required(index, "x\(index)")
      if x.constant != nil { throw OperatorError("constant operands are not supported") }
      let quantization = try x.quantized("x\(index)")
      parts.append(
        Part(
          channels: x.shape[1], offset: offset, zeroPoint: Int32(quantization.zeroPoint),
          multiplier: quantization == output ? 1 : Float(Double(quantization.scale) / Double(output.scale))))
      offset += x.shape[1]
    }
    let requantize = Kernels.int8.requantize_rows
    let zeroPoint = Int32(output.zeroPoint)
    return Kernel(implementation: "concat_s8") { [parts] call in
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      call.workers.run(elements: rows, grain: max(1, (1 << 14) / total)) { range in
        for (index, part) in parts.enumerated() {
          let x: UnsafeMutablePointer<Int8> = call.input(index).pointer()
          requantize?(
            range.count, part.channels, x + range.lowerBound * part.channels, part.channels, part.zeroPoint,
            part.multiplier, y + range.lowerBound * total + part.offset, total, zeroPoint)
        }
      }
    }
  }

  private struct Part: Sendable {
    let channels: Int
    let offset: Int
    let zeroPoint: Int32
    let multiplier: Float
  }
}
