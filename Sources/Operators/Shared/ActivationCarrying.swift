package import IR
package import Math

/// A float operator that can apply an activation to its result before it writes it.
package protocol ActivationCarrying: Operator {
  var activation: UnaryFunction { get set }
}
