package import IR
package import Math
package import Tensors

extension AttributeReader {
  /// The activation fused into an operator, or identity.
  package mutating func activation() throws(Refusal) -> UnaryFunction {
    let name = try string("activation", default: "identity")
    let parameters = try floats("activation_parameters") ?? []
    guard let function = UnaryFunction(name: name, parameters: parameters) else {
      throw Refusal("activation \(name) with parameters \(parameters) is not known")
    }
    return function
  }
}

extension AttributeWriter {
  package mutating func set(activation: UnaryFunction) {
    guard activation != .identity else { return }
    let (name, parameters) = activation.stored
    set("activation", name)
    if !parameters.isEmpty { set("activation_parameters", parameters) }
  }
}
