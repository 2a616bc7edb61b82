package import IR
import Math
package import Tensors

/// y = x < 0 ? slope * x : x, float32; the slope broadcasts to x.
package struct PRelu: Operator, InPlace, ParameterCarrying {
  package static let name = "PRelu"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let x = try inputs.required(0, "x")
    let slope = try inputs.required(1, "slope")
    try x.expect(.float32, "x")
    try slope.expect(.float32, "slope")
    guard try Broadcasting.shape(x.shape, slope.shape) == x.shape else {
      throw Refusal("slope has shape \(slope.shape), it does not broadcast to x with shape \(x.shape)")
    }
    return [x.type]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let rows = try BroadcastRows(site, operands: 2)
    let step = rows.strides[1]
    return Kernel(implementation: "prelu") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let slope: UnsafePointer<Float> = call.input(1).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      rows.run(call.workers) { position, offsets in
        let slopes = slope + offsets[1]
        for index in 0..<rows.length {
          let value = x[position + index]
          y[position + index] = value < 0 ? slopes[index * step] * value : value
        }
      }
    }
  }
}

#if !RUNTIME_ONLY
extension PRelu: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "slopes")
    let zero = product.constant(Tensor(scalar: Float(0)))
    let isBelow = try product.add(Compare(.less), product.input(), zero)
    let sloped = try product.times(product.gradient, product.input(1))
    return [try product.add(Where(), isBelow, sloped, product.gradient)]
  }
}
#endif

#if !RUNTIME_ONLY
extension PRelu: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    inputs.isFlowing(1) ? nil : ChannelSelection.flow(inputs, output)
  }

  package func keeping(
    _: [[Int]?], output: [Int], of inputs: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) { (self, ChannelSelection.constants(inputs, output)) }
}
#endif
