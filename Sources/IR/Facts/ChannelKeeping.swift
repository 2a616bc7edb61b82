#if !RUNTIME_ONLY
package import Tensors

/// Where the channels of an operator's output come from. Channels lie along dimension 1.
package enum ChannelFlow: Sendable {
  /// Each is made of all channels of the first input.
  case mixed
  /// Each goes its own way: for each input the channel that each channel of the output comes from, -1 where from none;
  /// nil, as for those left out at the end, for constants and for inputs that are needed whole.
  case passed([[Int]?])
}

/// An operator of one output that can compute some of its channels alone.
package protocol ChannelKeeping: Operator {
  /// Nil where channels cannot be told apart.
  func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow?

  /// The operator for channels that are left.
  ///
  /// - Parameters:
  ///   - kept: the channels left of each input, rising; nil for constants
  ///   - output: those left of the output
  ///   - inputs: as they were
  /// - Returns: the operator, and the constants that become others, by their position among the inputs
  func keeping(_ kept: [[Int]?], output: [Int], of inputs: [Operand?]) -> (op: any Operator, constants: [Int: Tensor])
}

extension ChannelKeeping {
  /// One input, each of whose channels becomes the channel of the same index, by whatever is the same for all.
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard let x = inputs.first ?? nil, x.constant == nil, x.type.rank >= 2, output.rank >= 2,
      x.shape[1] == output.shape[1]
    else { return nil }
    return .passed([Array(0..<x.shape[1])])
  }

  package func keeping(
    _: [[Int]?], output _: [Int], of _: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) { (self, [:]) }
}
#endif
