package import IR
package import Tensors

extension Site {
  /// The floats of a constant input; an error naming it where it is computed at run time.
  package func constantFloats(_ index: Int, _ role: String) throws(Refusal) -> [Float] {
    let operand = try inputs.required(index, role)
    guard let values = operand.constant?.floats() else {
      throw Refusal("\(role) that is computed at run time is not supported")
    }
    return values
  }
}
