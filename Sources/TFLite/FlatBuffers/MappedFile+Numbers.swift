import Tensors

extension MappedFile {
  /// A little-endian number, where there is one.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type, at position: Int
  ) throws(Refusal) -> Number {
    guard position >= 0, position <= count - MemoryLayout<Number>.size else { throw .outside(position) }
    return withBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Number.self)) }
  }
}

extension Refusal {
  /// An offset of the file that leads to no byte of it.
  static func outside(_ position: Int) -> Refusal {
    Refusal("an offset leads to byte \(position), which is outside the file", remedy: Refusal.damagedRemedy)
  }

  /// What stands at a byte is not what the format has there.
  static func malformed(_ what: String, at position: Int) -> Refusal {
    Refusal("the \(what) at byte \(position) is malformed", remedy: Refusal.damagedRemedy)
  }

  static let damagedRemedy = "the file is truncated or damaged: copy or download it again"
}
