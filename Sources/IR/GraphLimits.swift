package import Tensors

/// What a graph may be at most, wherever it is read from: checked while it is read, before memory is spent on it.
extension Limits {
  package static let nodes = 1 << 16
  package static let values = 1 << 18
  /// Inputs and outputs of all nodes together.
  package static let connections = 1 << 18
  /// How deep graphs of control flow may stand in each other, and calls of functions.
  package static let graphDepth = 16
  /// Bytes of a name.
  package static let nameBytes = 1 << 12

  /// Bytes of all constants that are one number repeated: like a tensor's, their shapes stand in the file.
  package static let filledBytes = 1 << 30

  /// Bytes that may be made of constants by computing with them in advance, for so many bytes of constants: a few steps
  /// of arithmetic on all weights, and masks and position tables beside them.
  package static func foldedBytes(from constants: Int) -> Int {
    min(1 << 31, (64 << 20) + 8 * min(constants, 1 << 31))
  }
}
