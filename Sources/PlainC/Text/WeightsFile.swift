import Tensors

/// The constants of a program as a file beside it, which the caller maps into memory or copies there.
///
///     8  DCWEIGHT
///     4  0x01020304, the lowest byte first: a machine of the other order reads another number
///     4  zero
///     8  FNV-1a of 64 bits over all that follows the head
///     8  zero, up to the 32 bytes of the head
///     .. constants, each at a multiple of 64 bytes
struct WeightsFile {
  static let headBytes = 32
  static let alignment = 64

  /// Offsets of the constants by their positions; nil for those that stay in the source.
  let offsets: [Int?]
  let bytes: [UInt8]
  /// Bytes of the constants in it.
  let constantBytes: Int

  /// Tables that records point to stay where the linker knows their address.
  init(_ program: CProgram) {
    var inSource: Set<Int> = []
    for record in program.records {
      for case .constant(let table?) in record.fields { inSource.insert(table) }
    }
    var offsets: [Int?] = []
    var bytes = [UInt8](repeating: 0, count: WeightsFile.headBytes)
    var constantBytes = 0
    for (index, constant) in program.constants.enumerated() {
      guard !inSource.contains(index) else {
        offsets.append(nil)
        continue
      }
      let offset = (bytes.count + WeightsFile.alignment - 1) / WeightsFile.alignment * WeightsFile.alignment
      bytes += [UInt8](repeating: 0, count: offset - bytes.count)
      offsets.append(offset)
      bytes += constant.bytes
      constantBytes += constant.bytes.count
    }
    var digest = FNV1a()
    for byte in bytes[WeightsFile.headBytes...] { digest.add(byte) }
    bytes.replaceSubrange(0..<24, with: Array("DCWEIGHT".utf8) + [4, 3, 2, 1, 0, 0, 0, 0] + littleEndian(digest.value))
    self.offsets = offsets
    self.bytes = bytes
    self.constantBytes = constantBytes
  }

  var head: [UInt8] { Array(bytes[..<WeightsFile.headBytes]) }
}

private func littleEndian(_ value: UInt64) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo), which a few lines of C compute as well.
struct FNV1a {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
