import CKernels
import HeapMemory
package import IR
package import Math
package import Tensors
import Threads

/// A function of one number on int8, by a table of 256 entries built in double precision.
package struct LookupInt8: Operator, InPlace {
  package static let name = "LookupInt8"

  package let function: UnaryFunction
  package var output: Quantization

  package init(_ function: UnaryFunction, output: Quantization) {
    self.function = function
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    function = try Unary(reading: &attributes).function
    output = try Quantization(reading: &attributes)
  }

  package func write(to attributes: inout AttributeWriter) {
    Unary(function).write(to: &attributes)
    output.write(to: &attributes)
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    _ = try x.quantized("x")
    return [TensorType(.int8, x.shape, quantization: output)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let input = try site.inputs.required(0, "x").quantized("x")
    let table = Int8Output.table(function, from: input, to: output)
    let lookup = Kernels.int8.lut
    return ElementRuns(site).kernel(packedBytes: table.count, implementation: "lut_s8") { run in
      table.withPointer(to: Int8.self) { lookup(run.count, run.a, $0, run.y) }
    }
  }
}

extension LookupInt8: FloatFormed {
  package func floatForm(_: [Operand?]) -> FloatForm { FloatForm(Unary(function)) }
}
