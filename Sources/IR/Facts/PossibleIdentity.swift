package import Tensors

/// An operator of one output that changes nothing for some attributes and inputs.
package protocol PossibleIdentity: Operator {
  /// The input that the output equals (before an activation, if the operator carries one), provided that both have one
  /// type; nil where it equals none.
  ///
  /// Who asks compares the types: what can change nothing else, as a Reshape, need not look.
  func unchangedInput(_ inputs: [Operand?], _ output: TensorType) -> Int?
}
