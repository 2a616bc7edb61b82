package import IR
package import Tensors
import Threads

/// Each channel of each image normalised by its own mean and variance over positions, float32:
/// y = scale[c] * (x - mean) / sqrt(variance + epsilon) + bias[c].
///
/// Inputs: x [N, C, ...], scale [C], bias [C]. Computed in double precision.
package struct InstanceNormalization: Operator, ParameterCarrying {
  package static let name = "InstanceNormalization"

  package let epsilon: Float

  package init(epsilon: Float = 1e-5) {
    self.epsilon = epsilon
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    epsilon = try attributes.finite("epsilon", default: 1e-5)
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("epsilon", epsilon) }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    guard x.type.rank >= 3 else { throw Refusal("x has shape \(x.shape), expected [N, C, ...] with positions") }
    for (index, role) in ["scale", "bias"].enumerated() {
      let vector = try inputs.required(index + 1, role)
      try vector.expect(.float32, role)
      try vector.expect(shape: [x.shape[1]], role)
    }
    return [x.type]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + 4 * $1.count })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let split = AxisSplit(site.outputs[0].shape, axis: 1)
    guard split.inner > 0 else { return try site.emptyKernel() }
    let epsilon = Double(epsilon)
    return Kernel(implementation: "instance_normalization") { call in
      let input: UnsafePointer<Float> = call.input(0).pointer()
      let scale: UnsafePointer<Float> = call.input(1).pointer()
      let bias: UnsafePointer<Float> = call.input(2).pointer()
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: split.outer * split.extent) { _, range in
        for plane in range {
          let x = input + plane * split.inner
          let y = output + plane * split.inner
          let moments = Moments(x, count: split.inner)
          let channel = plane % split.extent
          let factor = Double(scale[channel]) / (moments.variance + epsilon).squareRoot()
          let summand = Double(bias[channel]) - moments.mean * factor
          for index in 0..<split.inner { y[index] = Float(Double(x[index]) * factor + summand) }
        }
      }
    }
  }
}

#if !RUNTIME_ONLY
extension InstanceNormalization: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "scales")
    let shape = product.shape(ofInput: 0)
    let scale = try product.reshaped(product.input(1), [shape[1]] + [Int](repeating: 1, count: shape.count - 2))
    let gradient = try product.times(product.gradient, scale)
    return [try product.normalized(product.input(), gradient, along: Array(2..<shape.count), epsilon: epsilon)]
  }
}
#endif
