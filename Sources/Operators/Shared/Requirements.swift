package import IR
import Math
package import Tensors

extension Array where Element == Operand? {
  /// The operand at a position; an error naming it where it is missing.
  package func required(_ index: Int, _ role: String) throws(Refusal) -> Operand {
    guard index < count, let operand = self[index] else { throw Refusal("input \(index) (\(role)) is missing") }
    return operand
  }

  package func optional(_ index: Int) -> Operand? { index < count ? self[index] : nil }

  /// Fails unless there are at most `limit` inputs.
  package func expect(atMost limit: Int) throws(Refusal) {
    guard count <= limit else { throw Refusal("has \(count) inputs, expected at most \(limit)") }
  }
}

extension Operand {
  package func expect(rank: Int, _ role: String) throws(Refusal) {
    guard type.rank == rank else { throw Refusal("\(role) has shape \(shape), expected \(rank) dimensions") }
  }

  package func expect(_ element: ElementType, _ role: String) throws(Refusal) {
    guard type.element == element else {
      throw Refusal("\(role) is \(type.element), expected \(element)")
    }
  }

  package func expect(shape: [Int], _ role: String) throws(Refusal) {
    guard self.shape == shape else { throw Refusal("\(role) has shape \(self.shape), expected \(shape)") }
  }
}

/// Checks that a shape an operator computed is within the limits.
package func checkedShape(_ shape: [Int]) throws(Refusal) -> [Int] {
  guard Limits.count(shape) != nil else { throw Refusal("output shape \(shape) is beyond the limits") }
  return shape
}

/// A dimension index counted from the front; negative ones count from the end as in ONNX.
package func normalizedAxis(_ axis: Int, rank: Int) throws(Refusal) -> Int {
  let index = axis < 0 ? axis + rank : axis
  guard index >= 0, index < rank else { throw Refusal("axis \(axis) is outside a shape of \(rank) dimensions") }
  return index
}

extension ElementType {
  /// Whether elements are whole numbers; truth values are not.
  package var isInteger: Bool { !isFloat && self != .bool }

  /// Whether elements are whole numbers of which none is negative.
  package var isUnsigned: Bool { self == .uint8 || self == .uint16 || self == .uint32 || self == .uint64 }
}
