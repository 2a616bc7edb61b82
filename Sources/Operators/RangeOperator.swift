package import IR
package import Tensors

/// The numbers start, start + delta, ... before limit; the three are constant scalars of one type.
package struct RangeOperator: Operator {
  package static let name = "Range"

  package init() {}

  package init(reading _: inout AttributeReader) throws(AttributeError) {}

  package func inferTypes(_ inputs: [Operand?]) throws(OperatorError) -> [TensorType] {
    [try numbers(inputs).type]
  }

  private func numbers(_ inputs: [Operand?]) throws(OperatorError) -> Tensor {
    try inputs.expect(atMost: 3)
    let start = try inputs.required(0, "start")
    let limit = try inputs.required(1, "limit")
    let delta = try inputs.required(2, "delta")
    var constants: [Tensor] = []
    for (operand, role) in [(start, "start"), (limit, "limit"), (delta, "delta")] {
      try operand.expect(start.type.element, role)
      guard operand.type.count == 1 else { throw OperatorError("\(role) has shape \(operand.shape), expected []") }
      guard let constant = operand.constant else {
        throw OperatorError("\(role) that is computed at run time is not supported")
      }
      constants.append(constant)
    }
    switch start.type.element {
    case .float32:
      let values = constants.map { $0.doubles()[0] }
      let count = try count(values[0], values[1], values[2])
      return Tensor((0..<count).map { Float(values[0] + Double($0) * values[2]) })
    case .int64, .int32:
      let values = constants.map { $0.doubles()[0] }
      let count = try count(values[0], values[1], values[2])
      let whole = constants.compactMap { $0.integers()?.first }
      // Wrapping: a sum past the limit is never part of the sequence.
      let sequence = (0..<count).map { whole[0] &+ $0 &* whole[2] }
      if start.type.element == .int64 { return Tensor(sequence.map(Int64.init)) }
      return Tensor(sequence.map { Int32(truncatingIfNeeded: $0) })
    default: throw OperatorError("a range of \(start.type.element) is not supported")
    }
  }

  private func count(_ start: Double, _ limit: Double, _ delta: Double) throws(OperatorError) -> Int {
    let count = ((limit - start) / delta).rounded(.up)
    guard count.isFinite, count <= Double(1 << 24) else {
      throw OperatorError("a range from \(start) to \(limit) by \(delta) is not supported")
    }
    return max(0, Int(count))
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func kernel(for site: Site) throws(OperatorError) -> Kernel {
    let numbers = try numbers(site.inputs)
    return Kernel(implementation: "range") { call in
      call.output.bytes.copyMemory(from: numbers.bytes)
    }
  }
}
