package import IR
package import Tensors

/// The numbers start, start + delta, ... before limit; the three are constant scalars of one type.
package struct RangeOperator: Operator {
  package static let name = "Range"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    let bounds = try Bounds(inputs)
    return [TensorType(bounds.start.element, [bounds.count])]
  }

  /// The three constants and how many numbers they make.
  private struct Bounds {
    let start: Tensor
    let delta: Tensor
    let count: Int

    init(_ inputs: [Operand?]) throws(Refusal) {
      try inputs.expect(atMost: 3)
      let element = try inputs.required(0, "start").type.element
      guard [.float32, .int64, .int32].contains(element) else {
        throw Refusal("a range of \(element) is not supported")
      }
      var constants: [Tensor] = []
      for (index, role) in ["start", "limit", "delta"].enumerated() {
        let operand = try inputs.required(index, role)
        try operand.expect(element, role)
        guard operand.type.count == 1 else { throw Refusal("\(role) has shape \(operand.shape), expected []") }
        guard let constant = operand.constant else {
          throw Refusal("\(role) that is computed at run time is not supported")
        }
        constants.append(constant)
      }
      let values = constants.map { $0.doubles()[0] }
      let quotient = ((values[1] - values[0]) / values[2]).rounded(.up)
      guard quotient.isFinite, quotient <= Double(1 << 24) else {
        throw Refusal("a range from \(values[0]) to \(values[1]) by \(values[2]) is not supported")
      }
      start = constants[0]
      delta = constants[2]
      count = quotient > 0 ? Int(quotient) : 0
    }

    func numbers() -> Tensor {
      guard let first = start.integers()?.first, let step = delta.integers()?.first else {
        let (first, step) = (start.doubles()[0], delta.doubles()[0])
        return Tensor((0..<count).map { Float(first + Double($0) * step) })
      }
      // Wrapping: a sum past the limit is never part of the sequence.
      let sequence = (0..<count).map { first &+ $0 &* step }
      if start.element == .int64 { return Tensor(sequence.map(Int64.init)) }
      return Tensor(sequence.map { Int32(truncatingIfNeeded: $0) })
    }
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let numbers = try Bounds(site.inputs).numbers()
    return Kernel(implementation: "range") { call in
      numbers.withBytes { call.output.bytes.copyMemory(from: $0) }
    }
  }
}
