import CKernels
package import IR
import Math
package import Tensors
import Threads

/// Float32 to int8 with one scale and zero point: q = clamp(rne(x / scale) + zero_point, -128, 127).
package struct QuantizeLinear: Operator, Quantizing, TransposeTransparent {
  package static let name = "QuantizeLinear"

  package let quantization: Quantization

  package init(_ quantization: Quantization) {
    self.quantization = quantization
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    quantization = Quantization(
      scale: try attributes.finite("scale"), zeroPoint: try attributes.int("zero_point", default: 0))
    try check()
  }

  package func check() throws(Refusal) {
    guard quantization.scale > 0 else {
      throw Refusal("attribute scale is \(quantization.scale), expected a positive number")
    }
    guard (-128...127).contains(quantization.zeroPoint) else {
      throw Refusal("attribute zero_point is \(quantization.zeroPoint), expected -128...127")
    }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("scale", quantization.scale)
    attributes.set("zero_point", quantization.zeroPoint)
  }

  package var layout: LayoutRule { .turning }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    return [TensorType(.int8, x.shape, quantization: quantization)]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let count = site.outputs[0].count
    let scale = quantization.scale
    let zeroPoint = Int32(quantization.zeroPoint)
    if site.layout(ofInput: 0) != site.layout(ofOutput: 0) { return turningKernel(site.outputs[0]) }
    let quantize = Kernels.int8.quantize
    return Kernel(implementation: "quantize") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      call.workers.run(elements: count) { range in
        quantize(range.count, x + range.lowerBound, scale, zeroPoint, y + range.lowerBound)
      }
    }
  }

  /// From planes to channels-last in one pass.
  private func turningKernel(_ type: TensorType) -> Kernel {
    let (images, channels, pixels) = (type.shape[0], type.shape[1], type.shape[2] * type.shape[3])
    let scale = quantization.scale
    let zeroPoint = Int32(quantization.zeroPoint)
    let quantize = Kernels.int8.quantize_planes
    // Pixels one after the other, from the first plane on: the others lie a plane further each.
    let compute: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Int8>) -> Void = { count, x, y in
      quantize(channels, count, x, pixels, scale, zeroPoint, y)
    }
    let width = type.shape[3]
    let rows =
      images == 1
      ? RowKernel(
        input: .init(rows: type.shape[2], bytes: width * MemoryLayout<Float>.size),
        output: .init(rows: type.shape[2], bytes: width * channels), window: .same
      ) { call in
        compute(
          call.rows.count * width, call.input.assumingMemoryBound(to: Float.self),
          call.output.assumingMemoryBound(to: Int8.self))
      } : nil
    return Kernel(implementation: "quantize_planes", rows: rows) { call in
      for image in 0..<images {
        let x: UnsafePointer<Float> = call.input(0).pointer() + image * channels * pixels
        let y: UnsafeMutablePointer<Int8> = call.output.pointer() + image * channels * pixels
        call.workers.run(elements: pixels, grain: 4096) { range in
          compute(range.count, x + range.lowerBound, y + range.lowerBound * channels)
        }
      }
    }
  }
}
