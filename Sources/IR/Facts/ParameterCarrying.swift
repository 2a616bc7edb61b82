package import Tensors

/// What training has to do with a constant.
package enum ConstantRole: Sendable {
  /// Learned: weights, biases, scales and shifts of normalisations.
  case parameter
  /// Estimated beside learning: means and variances of normalisations.
  case runningStatistic
  /// Part of a formula or of a format.
  case fixed
}

/// An operator some of whose inputs, where they are constant, are what training found.
package protocol ParameterCarrying: Operator {
  /// What a constant input is.
  func role(ofConstant input: Int, _ type: TensorType) -> ConstantRole
}

extension ParameterCarrying {
  package func role(ofConstant _: Int, _: TensorType) -> ConstantRole { .parameter }
}
