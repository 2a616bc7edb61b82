import Tensors

/// A protobuf message as it is built. Large bytes are held as the buffers they come from, never copied together.
struct WireWriter {
  enum Piece {
    case bytes([UInt8])
    case buffer(Buffer)
  }

  private(set) var pieces: [Piece] = []
  /// Bytes of all pieces.
  private(set) var count = 0

  /// Buffers of fewer bytes are copied: a piece of its own would cost more.
  private static let smallest = 4096

  private mutating func append(_ bytes: some Collection<UInt8>) {
    count += bytes.count
    guard case .bytes(var last)? = pieces.last else { return pieces.append(.bytes(Array(bytes))) }
    // Taken out of the list first, so that it grows where it is.
    pieces.removeLast()
    last.append(contentsOf: bytes)
    pieces.append(.bytes(last))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    append(bytes)
  }

  private mutating func key(_ field: Int, _ wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

  mutating func integer(_ field: Int, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { append($0) }
  }

  mutating func string(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    varint(UInt64(value.count))
    append(value)
  }

  mutating func buffer(_ field: Int, _ value: Buffer) {
    guard value.count >= WireWriter.smallest else { return bytes(field, value.withBytes(Array.init)) }
    key(field, 2)
    varint(UInt64(value.count))
    pieces.append(.buffer(value))
    count += value.count
  }

  /// A nested message, written by `build`.
  mutating func message(_ field: Int, _ build: (inout WireWriter) -> Void) {
    var inner = WireWriter()
    build(&inner)
    message(field, inner)
  }

  mutating func message(_ field: Int, _ inner: WireWriter) {
    key(field, 2)
    varint(UInt64(inner.count))
    append(fieldsOf: inner)
  }

  /// Adds another writer's fields to this message.
  mutating func append(fieldsOf inner: WireWriter) {
    for piece in inner.pieces {
      switch piece {
      case .bytes(let bytes): append(bytes)
      case .buffer(let buffer):
        pieces.append(piece)
        count += buffer.count
      }
    }
  }

  /// Hands all pieces, in order, to `body`; they are valid during the call.
  func withPieces<Result>(_ body: ([UnsafeRawBufferPointer]) -> Result) -> Result {
    // Arrays are moved into buffers, whose memory stays where it is.
    let buffers = pieces.map { piece -> Buffer in
      switch piece {
      case .bytes(let bytes): Buffer(count: bytes.count) { $0.copyBytes(from: bytes) }
      case .buffer(let buffer): buffer
      }
    }
    return buffers.withBytes(body)
  }
}
