package import Tensors

/// What comes of an operator and a transpose before it when they change places: f(T(x)) = T'(f'(x)).
package struct TransposePassage {
  /// f': it names dimension order[i] wherever f names i.
  package let op: any Operator
  /// The order of T', which every output needs.
  package let outputOrder: [Int]
  /// Whether other inputs may be constants, which are then transposed back.
  package let takesConstants: Bool

  package init(_ op: any Operator, outputOrder: [Int], takesConstants: Bool = false) {
    self.op = op
    self.outputOrder = outputOrder
    self.takesConstants = takesConstants
  }
}

/// An operator that lets a transpose of all its inputs through.
package protocol TransposeTransparent: Operator {
  /// The operator on what was there before the transpose; nil where it lets this one not through.
  ///
  /// - Parameters:
  ///   - order: dimension i of what the operator reads is dimension order[i] of what was there before
  ///   - output: the type of its first output
  func passage(of order: [Int], output: TensorType) -> TransposePassage?
}

extension TransposeTransparent {
  /// An operator that names no dimension does the same wherever elements are.
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    TransposePassage(self, outputOrder: order)
  }
}

extension [Int] {
  /// Where, in the order of a transpose, the dimension comes from that an operator names; negative ones count from the
  /// end.
  package func origin(of axis: Int) -> Int { self[axis < 0 ? axis + count : axis] }
}
