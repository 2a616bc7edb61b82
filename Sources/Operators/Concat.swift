package import IR
package import Tensors

/// Joins tensors along a dimension. They have the same type and, when quantized, the same quantization.
package struct Concat: CopyMaking, ElementMoving, PreparationKeeping {
  package static let name = "Concat"

  package let axis: Int

  package init(axis: Int) {
    self.axis = axis
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis")
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("axis", axis) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    let first = try inputs.required(0, "first part")
    let axis = try normalizedAxis(axis, rank: first.type.rank)
    var shape = first.shape
    for index in 1..<max(1, inputs.count) {
      let part = try inputs.required(index, "part")
      try part.expect(first.type.element, "part \(index)")
      guard part.type.quantization == first.type.quantization else {
        throw Refusal("part \(index) is \(part.type), the first \(first.type): their quantizations differ")
      }
      try part.expect(rank: first.type.rank, "part \(index)")
      var expected = part.shape
      expected[axis] = first.shape[axis]
      guard expected == first.shape else {
        throw Refusal("part \(index) has shape \(part.shape), the first \(first.shape), joined along \(axis)")
      }
      shape[axis] += part.shape[axis]
      _ = try checkedShape(shape)
    }
    return [first.type.with(shape: try checkedShape(shape))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let output = site.outputs[0]
    let axis = try normalizedAxis(axis, rank: output.rank)
    let target = site.strides(ofOutput: 0)
    var copies: [OperandCopy] = []
    var start = 0
    for index in site.inputs.indices {
      let part = try site.inputs.required(index, "part")
      copies.append(
        OperandCopy(
          StridedCopy(
            extents: part.shape, source: site.strides(ofInput: index), target: target,
            targetOffset: start * target[axis], elementSize: output.element.size), from: .input(index)))
      start += part.shape[axis]
    }
    return copies
  }
}

extension Concat: PossibleIdentity {
  package func unchangedInput(_ inputs: [Operand?], _: TensorType) -> Int? {
    inputs.count == 1 ? 0 : nil
  }
}

extension Concat: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    TransposePassage(Concat(axis: order.origin(of: axis)), outputOrder: order)
  }
}

extension Concat: Int8ConvertibleOperation {
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    inputs.indices.allSatisfy(inputs.isFlowing) ? nil : "an operand is constant"
  }

  package func int8Form(output: Quantization) -> any Operator {
    ConcatInt8(axis: axis, output: output)
  }

  package var takesInputsAtOutputScale: Bool { true }
}

#if !RUNTIME_ONLY
extension Concat: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let shape = product.shape(product.output())
    let axis = try normalizedAxis(axis, rank: shape.count)
    var start = 0
    var result: [ValueID?] = []
    for index in 0..<product.inputCount {
      let end = start + product.shape(ofInput: index)[axis]
      result.append(
        product.wants(index)
          ? try product.add(Slice(starts: [start], ends: [end], axes: [axis]), product.gradient) : nil)
      start = end
    }
    return result
  }
}
#endif

#if !RUNTIME_ONLY
extension Concat: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard output.rank >= 2, inputs.indices.allSatisfy(inputs.isFlowing) else { return nil }
    let channels = output.shape[1]
    guard axis == 1 || axis == 1 - output.rank else { return .passed(inputs.map { _ in Array(0..<channels) }) }
    var start = 0
    return .passed(
      inputs.map { input in
        let count = input?.shape[1] ?? 0
        defer { start += count }
        return (0..<channels).map { $0 >= start && $0 < start + count ? $0 - start : -1 }
      })
  }
}
#endif
