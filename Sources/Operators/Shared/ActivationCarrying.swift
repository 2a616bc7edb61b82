package import IR
package import Math

/// A float operator that can apply an activation to its result before it writes it.
package protocol ActivationCarrying: Operator {
  var activation: UnaryFunction { get set }
}

extension Binary: ActivationCarrying {}
extension Conv: ActivationCarrying {}
extension ConvTranspose: ActivationCarrying {}
extension Gemm: ActivationCarrying {}
extension ScaleShift: ActivationCarrying {}
