#if !RUNTIME_ONLY
import IR
import Tensors

/// Channels of operators that work element by element, with broadcasting.
enum ChannelSelection {
  /// Each channel of the output comes from the same channel of every input that has as many. Nil where one has them
  /// along another dimension, since it has fewer.
  static func flow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard output.rank >= 2 else { return nil }
    var origins: [[Int]?] = []
    for input in inputs {
      let axis = input.flatMap { $0.constant == nil ? channelAxis(of: $0.type, in: output) : nil }
      if let axis, axis != 1 { return nil }
      origins.append(axis.map { _ in Array(0..<output.shape[1]) })
    }
    return .passed(origins)
  }

  /// Constant inputs that have a number for each channel, for those that are left.
  static func constants(_ inputs: [Operand?], _ kept: [Int]) -> [Int: Tensor] {
    // What flows tells the rank, and how many channels there were.
    guard
      let output = inputs.compactMap({ $0 }).filter({ $0.constant == nil }).map(\.type).max(by: { $0.rank < $1.rank })
    else { return [:] }
    var constants: [Int: Tensor] = [:]
    for (index, input) in inputs.enumerated() {
      guard let constant = input?.constant, let axis = channelAxis(of: constant.type, in: output) else { continue }
      constants[index] = constant.selecting(kept, along: axis)
    }
    return constants
  }

  /// The dimension of an operand that meets the output's channels, one by one; nil where it has one number for all.
  private static func channelAxis(of type: TensorType, in output: TensorType) -> Int? {
    let axis = 1 - (output.rank - type.rank)
    guard type.shape.indices.contains(axis), type.shape[axis] == output.shape[1], type.shape[axis] > 1 else {
      return nil
    }
    return axis
  }
}
#endif
