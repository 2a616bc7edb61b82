import CKernels
package import IR
import Math
package import Tensors
import Threads

/// The mean of each channel over all positions, float32: [N, C, H, W] -> [N, C, 1, 1].
package struct GlobalAveragePool: Operator {
  package static let name = "GlobalAveragePool"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    try x.expect(rank: 4, "x")
    guard x.type.count > 0 else { throw Refusal("x with shape \(x.shape) is empty") }
    return [TensorType(.float32, [x.shape[0], x.shape[1], 1, 1])]
  }

  package func work(_ inputs: [Operand?], _: [TensorType]) -> Work {
    Work(elementOperations: inputs.optional(0)?.type.count ?? 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let shape = try site.inputs.required(0, "x").shape
    let channels = shape[1]
    let positions = shape[2] * shape[3]
    let compute = Kernels.float.global_average
    return Kernel(implementation: "global_average") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: shape[0]) { _, images in
        for image in images {
          compute(positions, channels, x + image * positions * channels, y + image * channels)
        }
      }
    }
  }
}

extension GlobalAveragePool: Int8ConvertibleOperation {
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    inputs.isFlowing(0) ? nil : "the input is constant"
  }

  package func int8Form(output: Quantization) -> any Operator {
    AveragePoolInt8(window: nil, output: output)
  }
}

#if !RUNTIME_ONLY
extension GlobalAveragePool: Differentiable {}
#endif

extension GlobalAveragePool {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let shape = product.shape(ofInput: 0)
    let mean = try product.times(product.gradient, 1 / Float(shape[2] * shape[3]))
    return [try product.expanded(mean, to: shape)]
  }
}

#if !RUNTIME_ONLY
extension GlobalAveragePool: ChannelKeeping {}
#endif
