import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Sum of two int8 tensors of one shape, each with its own scale.
///
/// y = clamp(rne((q_a - z_a) * m_a + (q_b - z_b) * m_b) + z_y, lower, upper) with m = float32(s / s_y); both products
/// are rounded to float32 before they are added.
package struct AddInt8: Operator, InPlace {
  package static let name = "AddInt8"

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
      throw Refusal("function \(output.function.stored.name) cannot follow AddInt8")
    }
  }

  package func write(to attributes: inout AttributeWriter) { output.write(to: &attributes) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    _ = try a.quantized("a")
    _ = try b.quantized("b")
    try b.expect(shape: a.shape, "b")
    return [TensorType(.int8, a.shape, quantization: output.quantization)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let a = try site.inputs.required(0, "a").quantized("a")
    let b = try site.inputs.required(1, "b").quantized("b")
    if site.inputs.contains(where: { $0?.constant != nil }) {
      throw Refusal("constant operands are not supported")
    }
    let output = output
    let multiplierA = Float(Double(a.scale) / Double(output.quantization.scale))
    let multiplierB = Float(Double(b.scale) / Double(output.quantization.scale))
    let add = Kernels.int8.add
    return ElementRuns(site, other: .alike).kernel(implementation: "add_s8") { run in
      add(
        run.count, run.a, Int32(a.zeroPoint), multiplierA, run.b, Int32(b.zeroPoint), multiplierB,
        Int32(output.quantization.zeroPoint), Int32(output.lower), Int32(output.upper), run.y)
    }
  }
}

extension AddInt8: FloatFormed {
  package func floatForm(_: [Operand?]) -> FloatForm {
    FloatForm(Binary(.add), flowing: 2, function: output.floatFunction)
  }
}
