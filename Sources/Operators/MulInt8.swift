import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Product of two int8 tensors of one shape, or of a 4-D tensor and one value per channel ([N, C, 1, 1]: squeeze-excite).
///
/// y = clamp(rne((q_a - z_a) * (q_b - z_b) * m) + z_y, lower, upper) with m = float32(s_a * s_b / s_y).
package struct MulInt8: Operator {
  package static let name = "MulInt8"

  package var output: Int8Output

  package init(output: Int8Output) {
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(AttributeError) {
    output = try Int8Output(reading: &attributes)
    try check()
  }

  package func check() throws(AttributeError) {
    guard !output.hasTable else {
      throw AttributeError("function \(output.function.stored.name) cannot follow MulInt8")
    }
  }

  package func write(to attributes: inout AttributeWriter) { output.write(to: &attributes) }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(OperatorError) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    _ = try a.quantized("a")
    _ = try b.quantized("b")
    guard b.shape == a.shape || (a.type.rank == 4 && b.shape == [a.shape[0], a.shape[1], 1, 1]) else {
      throw OperatorError("shapes \(a.shape) and \(b.shape): b must equal a or have one value per channel")
    }
    return [TensorType(.int8, a.shape, quantization: output.quantization)]
  }

  package func kernel(for site: Site) throws(OperatorError) -> Kernel {
    let operandA = try site.inputs.required(0, "a")
    let operandB = try site.inputs.required(1, "b")
    let a = try operandA.quantized("a")
    let b = try operandB.quantized("b")
    if site.inputs.contains(where: { $0?.constant != nil }) {
      throw OperatorError("constant operands are not supported")
    }
    let output = output
    let multiplier = Float(Double(a.scale) * Double(b.scale) / Double(output.quantization.scale))
    let shape = operandA.shape
    let isPlain = operandB.shape == shape
    let images = isPlain ? 1 : shape[0]
    let rows = isPlain ? 1 : shape[2] * shape[3]
    let channels = isPlain ? operandA.type.count : shape[1]
    let multiply = Kernels.int8.mul_rows
    let extent = isPlain ? nil : site.channelsLastRows
    let rowKernel = extent.flatMap { extent in
      RowKernel(input: extent, output: extent, window: .same) { call in
        multiply(
          call.rows.count * extent.bytes / channels, channels, call.input.assumingMemoryBound(to: Int8.self),
          Int32(a.zeroPoint), call.otherOperand.assumingMemoryBound(to: Int8.self), Int32(b.zeroPoint), multiplier,
          Int32(output.quantization.zeroPoint), Int32(output.lower), Int32(output.upper),
          call.output.assumingMemoryBound(to: Int8.self))
      }
    }
    return Kernel(implementation: "mul_s8", rows: rowKernel) { call in
      let left: UnsafePointer<Int8> = call.input(0).pointer()
      let right: UnsafePointer<Int8> = call.input(1).pointer()
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      for image in 0..<images {
        call.workers.run(elements: rows, grain: max(1, (1 << 15) / channels)) { range in
          let start = (image * rows + range.lowerBound) * channels
          multiply(
            range.count, channels, left + start, Int32(a.zeroPoint), right + image * channels, Int32(b.zeroPoint),
            multiplier, Int32(output.quantization.zeroPoint), Int32(output.lower), Int32(output.upper), y + start)
        }
      }
    }
  }
}

extension MulInt8 {
  /// Whether operands of such shapes have to change places, so that what is per channel comes second; nil where they
  /// broadcast in a way there is no form for.
  package static func changesPlaces(_ a: [Int], _ b: [Int]) -> Bool? {
    if a == b { return false }
    if a.count == 4, b == [a[0], a[1], 1, 1] { return false }
    if b.count == 4, a == [b[0], b[1], 1, 1] { return true }
    return nil
  }
}
