/// An operator each of whose results can take the place of the element of the first input it is made of, so that the
/// output needs no memory of its own where that input dies.
///
/// This is arithmetic, which statistics of models count with; that a kernel really writes there is the promise of
/// `InPlace`.
package protocol ElementWise: Operator {
  /// Whether that holds for these inputs.
  func isElementWise(_ inputs: [Operand?]) -> Bool
}

extension ElementWise {
  package func isElementWise(_: [Operand?]) -> Bool { true }
}

/// An element-wise operator whose kernel may write the output over the first input when nothing else needs that.
package protocol InPlace: ElementWise {}
