import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Product of two int8 tensors of one shape, or of a 4-D tensor and one value per channel ([N, C, 1, 1]:
/// squeeze-excite).
///
/// y = clamp(rne((q_a - z_a) * (q_b - z_b) * m) + z_y, lower, upper) with m = float32(s_a * s_b / s_y).
package struct MulInt8: Operator {
  package static let name = "MulInt8"

  package var output: Int8Output

  package init(output: Int8Output) {
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    output = try Int8Output(reading: &attributes)
    try check()
  }

  package func check() throws(Refusal) {
    guard !output.hasTable else {
      throw Refusal("function \(output.function.stored.name) cannot follow MulInt8")
    }
  }

  package func write(to attributes: inout AttributeWriter) { output.write(to: &attributes) }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    _ = try a.quantized("a")
    _ = try b.quantized("b")
    guard b.shape == a.shape || (a.type.rank == 4 && b.shape == [a.shape[0], a.shape[1], 1, 1]) else {
      throw Refusal("shapes \(a.shape) and \(b.shape): b must equal a or have one value per channel")
    }
    return [TensorType(.int8, a.shape, quantization: output.quantization)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let operandA = try site.inputs.required(0, "a")
    let operandB = try site.inputs.required(1, "b")
    let a = try operandA.quantized("a")
    let b = try operandB.quantized("b")
    if site.inputs.contains(where: { $0?.constant != nil }) {
      throw Refusal("constant operands are not supported")
    }
    let output = output
    let multiplier = Float(Double(a.scale) * Double(b.scale) / Double(output.quantization.scale))
    // Alike tensors are one row each.
    let isPlain = operandB.shape == operandA.shape
    let channels = isPlain ? operandA.type.count : operandA.shape[1]
    let runs = ElementRuns(site, unit: channels, other: isPlain ? .alike : .perImage, hasRows: !isPlain)
    let multiply = Kernels.int8.mul_rows
    return runs.kernel(implementation: "mul_s8") { run in
      multiply(
        run.count, channels, run.a, Int32(a.zeroPoint), run.b, Int32(b.zeroPoint), multiplier,
        Int32(output.quantization.zeroPoint), Int32(output.lower), Int32(output.upper), run.y)
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

extension MulInt8: FloatFormed {
  package func floatForm(_: [Operand?]) -> FloatForm {
    FloatForm(Binary(.mul), flowing: 2, function: output.floatFunction)
  }
}
