import Tensors

/// A field of a protobuf message where it lies in a file.
struct WireField {
  enum Content {
    case varint(UInt64)
    /// Eight or four bytes, little endian.
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// The file range of a string, bytes, message or packed list.
    case bytes(Range<Int>)
  }

  let number: Int
  let content: Content
}

/// A cursor over one protobuf message in a mapped file. It copies nothing and never reads outside its range.
///
/// Nothing here recurses: who wants a nested message opens a reader on its range.
struct WireReader {
  let file: MappedFile
  private(set) var position: Int
  let end: Int

  init(_ file: MappedFile, range: Range<Int>) {
    self.file = file
    position = max(0, range.lowerBound)
    end = min(file.count, range.upperBound)
  }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(Refusal) -> WireField? {
    guard position < end else { return nil }
    let start = position
    let key = try varint()
    let number = Int(truncatingIfNeeded: key >> 3)
    guard number >= 1, number < 1 << 29 else { throw malformed(at: start) }
    switch key & 7 {
    case 0: return WireField(number: number, content: .varint(try varint()))
    case 1: return WireField(number: number, content: .fixed64(try fixed(8)))
    case 5: return WireField(number: number, content: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
    case 2:
      let length = try varint()
      guard length <= UInt64(end - position) else {
        throw Refusal(
          "field \(number) at byte \(start) is \(length) bytes long, only \(end - position) are left",
          remedy: "the file is truncated or damaged: copy or download it again")
      }
      let range = position..<position + Int(length)
      position = range.upperBound
      return WireField(number: number, content: .bytes(range))
    default: throw malformed(at: start)
    }
  }

  mutating func varint() throws(Refusal) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    let start = position
    while shift < 64 {
      let byte = try fixed(1)
      value |= (byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw malformed(at: start)
  }

  /// A little-endian number of up to 8 bytes.
  mutating func fixed(_ size: Int) throws(Refusal) -> UInt64 {
    guard end - position >= size else {
      throw Refusal(
        "ends in the middle of a number at byte \(position)",
        remedy: "the file is truncated or damaged: copy or download it again")
    }
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(file[position + index]) << UInt64(8 * index) }
    position += size
    return value
  }

  private func malformed(at offset: Int) -> Refusal {
    Refusal("byte \(offset) is not a protobuf field", remedy: "the file is damaged or not an ONNX model")
  }
}

extension WireField {
  /// The number, where the field holds one.
  var integer: Int? {
    guard case .varint(let value) = content else { return nil }
    return Int(truncatingIfNeeded: value)
  }

  var range: Range<Int>? {
    guard case .bytes(let range) = content else { return nil }
    return range
  }

  func string(in file: MappedFile) -> String? {
    range.map { range in file.withBytes { String(decoding: $0[range], as: UTF8.self) } }
  }

  /// Hands over the numbers of a repeated varint field, packed or not.
  func forEachInteger(in file: MappedFile, _ take: (Int) -> Void) throws(Refusal) {
    switch content {
    case .varint(let value): take(Int(truncatingIfNeeded: value))
    case .bytes(let range):
      var reader = WireReader(file, range: range)
      while reader.position < reader.end { take(Int(truncatingIfNeeded: try reader.varint())) }
    case .fixed32, .fixed64: throw Refusal("field \(number) is a fixed-size number, expected integers")
    }
  }
}
