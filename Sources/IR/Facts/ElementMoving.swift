/// An operator that moves or selects elements without changing them: int8 passes through with its quantization.
package protocol ElementMoving: Operator {
  /// Whether it does with these attributes.
  var movesElements: Bool { get }
}

extension ElementMoving {
  package var movesElements: Bool { true }
}
