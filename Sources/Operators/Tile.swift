package import IR
package import Tensors

/// x repeated as a whole repeats[i] times along each dimension i.
package struct Tile: CopyMaking, ElementMoving {
  package static let name = "Tile"

  package let repeats: [Int]

  package init(repeats: [Int]) {
    self.repeats = repeats
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    repeats = try attributes.requiredInts("repeats")
    try check()
  }

  package func check() throws(Refusal) {
    guard repeats.allSatisfy((0...Limits.elements).contains) else {
      throw Refusal("repeats \(repeats) are out of range")
    }
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("repeats", repeats) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard repeats.count == x.type.rank else {
      throw Refusal("repeats \(repeats) are \(repeats.count) numbers, x has shape \(x.shape)")
    }
    // Both factors are at most 2^31, so the products fit.
    return [x.type.with(shape: try checkedShape(zip(x.shape, repeats).map { $0 * $1 }))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let x = try site.inputs.required(0, "x")
    let output = site.outputs[0]
    let source = site.strides(ofInput: 0)
    let target = site.strides(ofOutput: 0)
    // Each dimension is two: which repetition (the source stands still), and the element in it.
    var extents: [Int] = []
    var from: [Int] = []
    var to: [Int] = []
    for axis in x.shape.indices {
      extents += [repeats[axis], x.shape[axis]]
      from += [0, source[axis]]
      to += [target[axis] * x.shape[axis], target[axis]]
    }
    return [OperandCopy(StridedCopy(extents: extents, source: from, target: to, elementSize: output.element.size))]
  }
}

extension Tile: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    repeats.allSatisfy { $0 == 1 } ? 0 : nil
  }
}

#if !RUNTIME_ONLY
extension Tile: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let shape = product.shape(ofInput: 0)
    let apart = zip(repeats, shape).flatMap { [$0, $1] }
    let sums = try product.summed(
      product.reshaped(product.gradient, apart), along: shape.indices.filter { repeats[$0] != 1 }.map { 2 * $0 })
    return [try product.reshaped(sums, shape)]
  }
}
#endif
