package import IR
import Math
package import Tensors

/// Elements of a where the condition holds, else of b, with broadcasting.
///
/// Inputs: condition bool; a, b of one type and, when quantized, one quantization.
package struct Where: Operator {
  package static let name = "Where"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let condition = try inputs.required(0, "condition")
    let a = try inputs.required(1, "a")
    let b = try inputs.required(2, "b")
    try condition.expect(.bool, "condition")
    try b.expect(a.type.element, "b")
    guard a.type.quantization == b.type.quantization else {
      throw Refusal("a is \(a.type), b \(b.type): their quantizations differ")
    }
    let shape = try Broadcasting.shape(a.shape, b.shape)
    return [a.type.with(shape: try Broadcasting.shape(condition.shape, shape))]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let rows = try BroadcastRows(site, operands: 3)
    switch site.outputs[0].element.size {
    case 1: return kernel(UInt8.self, rows)
    case 2: return kernel(UInt16.self, rows)
    case 4: return kernel(UInt32.self, rows)
    default: return kernel(UInt64.self, rows)
    }
  }

  private func kernel<Element: BitwiseCopyable & Sendable>(_: Element.Type, _ rows: BroadcastRows) -> Kernel {
    let strides = rows.strides
    return Kernel(implementation: "where") { call in
      let condition = call.input(0).base.assumingMemoryBound(to: UInt8.self)
      let a = call.input(1).base.assumingMemoryBound(to: Element.self)
      let b = call.input(2).base.assumingMemoryBound(to: Element.self)
      let y = call.output.base.assumingMemoryBound(to: Element.self)
      rows.run(call.workers) { position, offsets in
        for index in 0..<rows.length {
          let holds = condition[offsets[0] + index * strides[0]] != 0
          y[position + index] = holds ? a[offsets[1] + index * strides[1]] : b[offsets[2] + index * strides[2]]
        }
      }
    }
  }
}

#if !RUNTIME_ONLY
extension Where: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let zero = product.constant(Tensor(scalar: Float(0)))
    var result: [ValueID?] = [nil, nil, nil]
    if product.wants(1) {
      let chosen = try product.add(Where(), product.input(0), product.gradient, zero)
      result[1] = try product.summed(chosen, to: product.shape(ofInput: 1))
    }
    if product.wants(2) {
      let chosen = try product.add(Where(), product.input(0), zero, product.gradient)
      result[2] = try product.summed(chosen, to: product.shape(ofInput: 2))
    }
    return result
  }
}
#endif
