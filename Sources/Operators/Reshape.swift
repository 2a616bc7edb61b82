package import IR
package import Tensors

/// The same elements in row-major order under another shape.
///
/// In `shape`, 0 copies the input's dimension at that position (unless `allow_zero`) and one -1 takes what remains.
package struct Reshape: ElementMoving, InPlace, PreparationKeeping {
  package static let name = "Reshape"

  package let shape: [Int]
  package let allowZero: Bool

  package init(shape: [Int], allowZero: Bool = false) {
    self.shape = shape
    self.allowZero = allowZero
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    shape = try attributes.requiredInts("shape")
    allowZero = try attributes.bool("allow_zero", default: false)
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("shape", shape)
    if allowZero { attributes.set("allow_zero", true) }
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    return [x.type.with(shape: try resolved(x.shape))]
  }

  private func resolved(_ input: [Int]) throws(Refusal) -> [Int] {
    var result = shape
    if !allowZero {
      for (index, dimension) in shape.enumerated() where dimension == 0 {
        guard index < input.count else {
          throw Refusal("shape \(shape) copies dimension \(index), x has shape \(input)")
        }
        result[index] = input[index]
      }
    }
    let count = input.reduce(1, *)
    if let free = result.firstIndex(of: -1) {
      result[free] = 1
      guard let known = Limits.count(result), known > 0, count.isMultiple(of: known) else {
        throw Refusal("x with shape \(input) cannot be reshaped to \(shape)")
      }
      result[free] = count / known
    }
    guard Limits.count(result) == count else {
      throw Refusal("x with shape \(input) cannot be reshaped to \(shape)")
    }
    return result
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let bytes = site.outputs[0].byteCount
    return Kernel(implementation: "copy") { call in
      let source = call.input(0).base
      guard source != call.output.base else { return }
      call.output.base.copyMemory(from: source, byteCount: bytes)
    }
  }
}

extension Reshape: ViewMaking {
  package func view(of _: Layout) -> (reading: Layout, as: Layout)? { (.rowMajor, .rowMajor) }
}

extension Reshape: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? { 0 }
}

#if !RUNTIME_ONLY
extension Reshape: Differentiable {}
#endif

extension Reshape {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [try product.reshaped(product.gradient, product.shape(ofInput: 0))]
  }
}

#if !RUNTIME_ONLY
extension Reshape: ChannelKeeping {
  /// Rows of channels whose positions follow each other become rows of their numbers, and such rows images of one
  /// position.
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard let x = inputs.optional(0), inputs.isFlowing(0), x.type.rank >= 2, x.type.count > 0, output.rank >= 2,
      x.shape[0] == output.shape[0]
    else { return nil }
    let positions = x.shape[2...].reduce(1, *)
    guard output.shape[1] == x.shape[1] * positions else { return nil }
    return .passed([(0..<output.shape[1]).map { $0 / positions }])
  }

  package func keeping(
    _: [[Int]?], output: [Int], of _: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) {
    var shape = shape
    if shape.count > 1, shape[1] > 0 { shape[1] = output.count }
    return (Reshape(shape: shape, allowZero: allowZero), [:])
  }
}
#endif
