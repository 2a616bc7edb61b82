import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Concatenation of int8 tensors along a dimension, each requantized to the common output scale.
///
/// y = clamp(rne((q_x - z_x) * m) + z_y, -128, 127) with m = float32(s_x / s_y); an input whose quantization is the
/// output's is copied.
package struct ConcatInt8: Operator {
  package static let name = "ConcatInt8"

  /// The dimension the parts are joined along; the channels of images if not said otherwise.
  package let axis: Int
  package var output: Quantization

  package init(axis: Int = 1, output: Quantization) {
    self.axis = axis
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis", default: 1)
    output = try Quantization(reading: &attributes)
  }

  package func write(to attributes: inout AttributeWriter) {
    if axis != 1 { attributes.set("axis", axis) }
    output.write(to: &attributes)
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    var parts: [Operand] = []
    for index in inputs.indices {
      let x = try inputs.required(index, "x\(index)")
      _ = try x.quantized("x\(index)")
      // Scales may differ; shapes are those of any concatenation.
      parts.append(Operand(TensorType(.int8, x.shape, quantization: output)))
    }
    return try Concat(axis: axis).inferTypes(parts)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let shape = site.outputs[0].shape
    // The dimensions as they lie in memory; a part is a run of elements at each position of those before the axis.
    let order = site.layout.physicalOrder(rank: shape.count)
    let axis = try normalizedAxis(axis, rank: shape.count)
    let rows = order.prefix { $0 != axis }.reduce(1) { $0 * shape[$1] }
    let inner = order.drop { $0 != axis }.dropFirst().reduce(1) { $0 * shape[$1] }
    let total = shape[axis] * inner
    var parts: [Part] = []
    var offset = 0
    for index in site.inputs.indices {
      let x = try site.inputs.required(index, "x\(index)")
      if x.constant != nil { throw Refusal("constant operands are not supported") }
      let quantization = try x.quantized("x\(index)")
      let length = x.shape[axis] * inner
      parts.append(
        Part(
          length: length, offset: offset, zeroPoint: Int32(quantization.zeroPoint),
          multiplier: quantization == output ? 1 : Float(Double(quantization.scale) / Double(output.scale))))
      offset += length
    }
    let requantize = Kernels.int8.requantize_rows
    let zeroPoint = Int32(output.zeroPoint)
    return Kernel(implementation: "concat_s8") { [parts] call in
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      call.workers.run(elements: rows, grain: max(1, (1 << 14) / max(1, total))) { range in
        for (index, part) in parts.enumerated() {
          let x: UnsafePointer<Int8> = call.input(index).pointer()
          requantize(
            range.count, part.length, x + range.lowerBound * part.length, part.length, part.zeroPoint,
            part.multiplier, y + range.lowerBound * total + part.offset, total, zeroPoint)
        }
      }
    }
  }

  private struct Part: Sendable {
    let length: Int
    let offset: Int
    let zeroPoint: Int32
    let multiplier: Float
  }
}

extension ConcatInt8: FloatFormed {
  package func floatForm(_ inputs: [Operand?]) -> FloatForm { FloatForm(Concat(axis: axis), flowing: inputs.count) }
}
