import Tensors

/// What importing may make of a model, where a few bytes of it can ask for much.
extension Limits {
  /// Bytes of names that calls within calls and bodies within bodies are given.
  static let madeNameBytes = 1 << 26
  /// Tensors that sequences hold, each of which may be made of another.
  static let sequenceElements = 1 << 22
}
