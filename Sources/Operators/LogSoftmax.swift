import CKernels
package import IR
import Math
package import Tensors

/// x - maximum - log(sum of exp(x - maximum)) along one dimension, float32; the sum is taken in order in double
/// precision.
package struct LogSoftmax: Operator {
  package static let name = "LogSoftmax"

  package let axis: Int

  package init(axis: Int = -1) {
    self.axis = axis
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis", default: -1)
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("axis", axis) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    _ = try normalizedAxis(axis, rank: x.type.rank)
    return [x.type]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let shape = site.outputs[0].shape
    let axis = try normalizedAxis(axis, rank: shape.count)
    let unary = Kernels.float.unary
    let exponential = UnaryFunction.exp.kernelActivation
    let logarithm = UnaryFunction.log.kernelActivation
    let scratch = (shape[axis] * MemoryLayout<Float>.size + 63) / 64 * 64
    return try AxisRows.kernel(
      for: site, axis: axis, implementation: "log_softmax", scratch: scratch
    ) { rows, columns, x, y, scratch in
      let powers = scratch.assumingMemoryBound(to: Float.self)
      for row in 0..<rows {
        let source = x + row * columns
        let target = y + row * columns
        var maximum = source[0]
        for column in 1..<max(1, columns) where source[column] > maximum { maximum = source[column] }
        for column in 0..<columns { target[column] = source[column] - maximum }
        unary(exponential, columns, target, powers)
        var sum = 0.0
        for column in 0..<columns { sum += Double(powers[column]) }
        var total = Float(sum)
        unary(logarithm, 1, &total, powers)
        let shift = powers[0]
        for column in 0..<columns { target[column] -= shift }
      }
    }
  }
}

extension LogSoftmax: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    TransposePassage(LogSoftmax(axis: order.origin(of: axis)), outputOrder: order)
  }
}

#if !RUNTIME_ONLY
extension LogSoftmax: Differentiable {
  /// g - exp(y) * sum of g
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let axis = try normalizedAxis(axis, rank: product.shape(ofInput: 0).count)
    let sum = try product.summed(product.gradient, along: [axis])
    return [try product.minus(product.gradient, product.times(product.apply(.exp, product.output()), sum))]
  }
}
#endif
