import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Quantized int8 to float32: y = float(q - zero point) * scale, both from the input's type.
package struct DequantizeLinear: Operator, TransposeTransparent {
  package static let name = "DequantizeLinear"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.int8, "x")
    guard x.type.quantization != nil else { throw Refusal("x is \(x.type), it carries no quantization") }
    return [TensorType(.float32, x.shape)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    guard let quantization = try site.inputs.required(0, "x").type.quantization else {
      throw Refusal("x carries no quantization")
    }
    let count = site.outputs[0].count
    let zeroPoint = Int32(clamping: quantization.zeroPoint)
    let dequantize = Kernels.int8.dequantize
    return Kernel(implementation: "dequantize") { call in
      let x: UnsafePointer<Int8> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(elements: count) { range in
        dequantize(range.count, x + range.lowerBound, quantization.scale, zeroPoint, y + range.lowerBound)
      }
    }
  }
}
