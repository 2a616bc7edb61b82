import CKernels
package import IR
import Math
package import Tensors

/// Float32 to int8 with one scale and zero point: q = clamp(rne(x / scale) + zero_point, -128, 127).
package struct QuantizeLinear: Operator {
  package static let name = "QuantizeLinear"

  package let quantization: Quantization

  package init(_ quantization: Quantization) {
    self.quantization = quantization
  }

  package init(reading attributes: inout AttributeReader) throws(AttributeError) {
    quantization = Quantization(
      scale: try attributes.finite("scale"), zeroPoint: try attributes.int("zero_point", default: 0))
    guard quantization.scale > 0 else {
      throw AttributeError("attribute scale is \(quantization.scale), expected a positive number")
    }
    guard (-128...127).contains(quantization.zeroPoint) else {
      throw AttributeError("attribute zero_point is \(quantization.zeroPoint), expected -128...127")
    }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("scale", quantization.scale)
    attributes.set("zero_point", quantization.zeroPoint)
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(OperatorError) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    return [TensorType(.int8, x.shape, quantization: quantization)]
  }

  package func kernel(for site: Site) throws(OperatorError) -> Kernel {
    let count = site.outputs[0].count
    let scale = quantization.scale
    let zeroPoint = Int32(quantization.zeroPoint)
    let quantize = Kernels.int8.quantize
    return Kernel(implementation: "quantize") { call in
      let x: UnsafeMutablePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      call.workers.run(elements: count) { range in
        quantize?(range.count, x + range.lowerBound, scale, zeroPoint, y + range.lowerBound)
      }
    }
  }
}
