import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Sum of two int8 tensors of one shape, each with its own scale.
///
/// y = clamp(rne((q_a - z_a) * m_a + (q_b - z_b) * m_b) + z_y, lower, upper) with m = float32(s / s_y); both products are
/// rounded to float32 before they are added.
package struct AddInt8: Operator, InPlace {
  package static let name = "AddInt8"

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
      throw AttributeError("function \(output.function.stored.name) cannot follow AddInt8")
    }
  }

  package func write(to attributes: inout AttributeWriter) { output.write(to: &attributes) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(OperatorError) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    _ = try a.quantized("a")
    _ = try b.quantized("b")
    try b.expect(shape: a.shape, "b")
    return [TensorType(.int8, a.shape, quantization: output.quantization)]
  }

  package func kernel(for site: Site) throws(OperatorError) -> Kernel {
    let a = try site.inputs.required(0, "a").quantized("a")
    let b = try site.inputs.required(1, "b").quantized("b")
    if site.inputs.contains(where: { $0?.constant != nil }) {
      throw OperatorError("constant operands are not supported")
    }
    let output = output
    let multiplierA = Float(Double(a.scale) / Double(output.quantization.scale))
    let multiplierB = Float(Double(b.scale) / Double(output.quantization.scale))
    let count = site.outputs[0].count
    let add = Kernels.int8.add
    let rows = site.channelsLastRows.flatMap { extent in
      RowKernel(input: extent, output: extent, window: .same, alike: 2) { call in
        let flowing = call.input.assumingMemoryBound(to: Int8.self)
        let still = call.otherOperand.assumingMemoryBound(to: Int8.self) + call.rows.lowerBound * extent.bytes
        add(
          call.rows.count * extent.bytes, call.inputIndex == 0 ? flowing : still, Int32(a.zeroPoint), multiplierA,
          call.inputIndex == 0 ? still : flowing, Int32(b.zeroPoint), multiplierB,
          Int32(output.quantization.zeroPoint), Int32(output.lower), Int32(output.upper),
          call.output.assumingMemoryBound(to: Int8.self))
      }
    }
    return Kernel(implementation: "add_s8", rows: rows) { call in
      let left: UnsafePointer<Int8> = call.input(0).pointer()
      let right: UnsafePointer<Int8> = call.input(1).pointer()
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      call.workers.run(elements: count, grain: 1 << 15) { range in
        let start = range.lowerBound
        add(
          range.count, left + start, Int32(a.zeroPoint), multiplierA, right + start, Int32(b.zeroPoint), multiplierB,
          Int32(output.quantization.zeroPoint), Int32(output.lower), Int32(output.upper), y + start)
      }
    }
  }
}
