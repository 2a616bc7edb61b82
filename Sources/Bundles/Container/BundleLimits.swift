import IR
import Tensors

/// What is read and written at most, so that a small hostile file cannot ask for the whole memory.
enum BundleLimits {
  /// Raw bytes of a JSON section.
  static let json = 16 << 20
  static let nodes = Limits.nodes
  static let values = Limits.values
  /// Graph inputs, and graph outputs.
  static let ports = 1 << 12
  /// Inputs of all nodes together.
  static let uses = Limits.connections
  static let labels = 1 << 16

  /// Raw bytes that all compressed sections of tensors may hold: as many as a file of this size plausibly packs.
  ///
  /// Weights of which most are zero shrink some fifty times. What shrinks more is small, or made to fill memory; the
  /// writer stores it raw.
  static func tensors(inFileOf size: Int) -> Int {
    let (product, overflow) = size.multipliedReportingOverflow(by: 64)
    return overflow ? 2 << 30 : min(2 << 30, 256 << 20 + product)
  }

  /// Memory that the JSON of all sections may take: texts that are compressed while they are read, and their values.
  ///
  /// Six times the file, which with the file and the graph that is made of it is about eight times; but a graph of
  /// some ten thousand nodes is read from any file.
  static func jsonMemory(inFileOf size: Int) -> Int {
    let (product, overflow) = size.multipliedReportingOverflow(by: 6)
    return overflow ? .max : max(32 << 20, product)
  }
}
