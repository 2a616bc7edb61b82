import CKernels
package import IR
import Math
package import Tensors

/// exp(x) / sum of exp(x) along one dimension, float32; the maximum is subtracted first.
package struct Softmax: Operator {
  package static let name = "Softmax"

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
    let axis = try normalizedAxis(axis, rank: site.outputs[0].rank)
    let softmax = Kernels.float.softmax
    return try AxisRows.kernel(for: site, axis: axis, implementation: "softmax") { rows, columns, x, y, _ in
      softmax(rows, columns, x, y)
    }
  }
}

extension Softmax: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    TransposePassage(Softmax(axis: order.origin(of: axis)), outputOrder: order)
  }
}

#if !RUNTIME_ONLY
extension Softmax: Differentiable {
  /// y * (g - sum of y g)
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let axis = try normalizedAxis(axis, rank: product.shape(ofInput: 0).count)
    let sum = try product.summed(product.times(product.output(), product.gradient), along: [axis])
    return [try product.times(product.output(), product.minus(product.gradient, sum))]
  }
}
#endif
