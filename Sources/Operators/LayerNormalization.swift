package import IR
package import Tensors
import Threads

/// The elements from dimension `axis` on normalised by their mean and variance, float32:
/// y = scale * (x - mean) / sqrt(variance + epsilon) + bias.
///
/// Inputs: x, scale and bias of the shape x[axis...] (bias optional). Computed in double precision.
package struct LayerNormalization: Operator, ParameterCarrying {
  package static let name = "LayerNormalization"

  package let axis: Int
  package let epsilon: Float

  package init(axis: Int = -1, epsilon: Float = 1e-5) {
    self.axis = axis
    self.epsilon = epsilon
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis", default: -1)
    epsilon = try attributes.finite("epsilon", default: 1e-5)
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("axis", axis)
    attributes.set("epsilon", epsilon)
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    let shape = Array(x.shape[try normalizedAxis(axis, rank: x.type.rank)...])
    let scale = try inputs.required(1, "scale")
    try scale.expect(.float32, "scale")
    try scale.expect(shape: shape, "scale")
    if let bias = inputs.optional(2) {
      try bias.expect(.float32, "bias")
      try bias.expect(shape: shape, "bias")
    }
    return [x.type]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + 4 * $1.count })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let width = try site.inputs.required(1, "scale").type.count
    guard x.type.count > 0 else { return try site.emptyKernel() }
    let hasBias = site.inputs.optional(2) != nil
    let epsilon = Double(epsilon)
    let rows = x.type.count / width
    return Kernel(implementation: "layer_normalization") { call in
      let input: UnsafePointer<Float> = call.input(0).pointer()
      let scale: UnsafePointer<Float> = call.input(1).pointer()
      let bias: UnsafePointer<Float>? = hasBias ? call.input(2).pointer() : nil
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: rows) { _, range in
        Moments.ofRows(range, input, count: width) { row, moments in
          let x = input + row * width
          let y = output + row * width
          let factor = 1 / (moments.variance + epsilon).squareRoot()
          let mean = moments.mean
          func normal(_ index: Int) -> Double { (Double(x[index]) - mean) * factor * Double(scale[index]) }
          guard let bias else {
            for index in 0..<width { y[index] = Float(normal(index) + 0) }
            return
          }
          for index in 0..<width { y[index] = Float(normal(index) + Double(bias[index])) }
        }
      }
    }
  }
}

#if !RUNTIME_ONLY
extension LayerNormalization: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "scales")
    let rank = product.shape(ofInput: 0).count
    let axes = Array(try normalizedAxis(axis, rank: rank)..<rank)
    let gradient = try product.times(product.gradient, product.input(1))
    return [try product.normalized(product.input(), gradient, along: axes, epsilon: epsilon)]
  }
}
#endif
