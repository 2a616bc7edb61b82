import Tensors

/// What stands before the elements of a .npy file: magic, version, and a Python dictionary.
struct NumPyHeader {
  let type: TensorType
  /// Where the elements start; they end with the file.
  let dataOffset: Int

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// What numpy itself accepts by default.
  private static let longestText = 10_000
  /// Bytes from which every header can be read.
  static let longest = longestText + 12

  /// - Parameter total: the length of the file, where `bytes` is only its beginning
  init(reading bytes: UnsafeRawBufferPointer, total: Int? = nil) throws(Refusal) {
    let total = total ?? bytes.count
    guard bytes.count >= 10, bytes.prefix(6).elementsEqual(Self.magic) else {
      throw Refusal(reason: "is neither a .npy nor a .npz file")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else {
      throw Refusal(reason: "has .npy version \(version); versions 1 to 3 are read")
    }
    let start = version == 1 ? 10 : 12
    let length = version == 1 ? bytes.integer(UInt16.self, at: 8) : bytes.integer(UInt32.self, at: 8)
    guard let length, length <= Self.longestText, length <= bytes.count - start else {
      throw Refusal(reason: "the .npy header is longer than it may be or cut off")
    }
    var literal = PythonLiteral(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
    let (descriptor, fortranOrder, shape) = try Self.fields(of: literal.parse())
    guard let element = ElementType(descriptor: descriptor) else {
      throw Refusal(
        reason: "element type '\(descriptor)' is not supported; save as float32 with array.astype('<f4')")
    }
    guard let count = Limits.count(shape) else {
      throw Refusal(reason: "shape \(shape) has more than \(Limits.rank) dimensions or too many elements")
    }
    guard !fortranOrder || shape.count <= 1 else {
      throw Refusal(reason: "is in Fortran order; save numpy.ascontiguousarray(array) instead")
    }
    type = TensorType(element, shape)
    dataOffset = start + length
    guard total - dataOffset == count * element.size else {
      throw Refusal(
        reason: "holds \(total - dataOffset) bytes of elements; \(type) needs \(count * element.size)")
    }
  }

  private static func fields(of header: PythonLiteral.Value) throws(Refusal) -> (String, Bool, [Int]) {
    guard case .dictionary(let members) = header, members.count == 3 else {
      throw Refusal(reason: "the .npy header is not a dictionary of three members")
    }
    switch (members["descr"], members["fortran_order"], members["shape"]) {
    case (.string(let descriptor)?, .bool(let order)?, .tuple(let shape)?): return (descriptor, order, shape)
    case (.list?, _, _): throw Refusal(reason: "is a structured array; save its columns as plain arrays")
    default: throw Refusal(reason: "the .npy header lacks descr, fortran_order or shape")
    }
  }

  /// The header of version 1, byte for byte as `numpy.save` writes it: room for the first dimension to grow, padded
  /// with spaces so that the elements start at a multiple of 64.
  static func encode(_ type: TensorType) -> [UInt8] {
    let dimensions = type.shape.map { "\($0)" }.joined(separator: ", ") + (type.rank == 1 ? "," : "")
    var text = "{'descr': '\(type.element.descriptor)', 'fortran_order': False, 'shape': (\(dimensions)), }"
    if let first = type.shape.first { text += String(repeating: " ", count: 21 - "\(first)".utf8.count) }
    text += String(repeating: " ", count: 64 - (10 + text.utf8.count + 1) % 64) + "\n"
    let length = text.utf8.count
    return magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + text.utf8
  }
}

extension ElementType {
  /// NumPy's name of the type, with its byte order.
  fileprivate var descriptor: String {
    switch self {
    case .float32: "<f4"
    case .float64: "<f8"
    case .int8: "|i1"
    case .uint8: "|u1"
    case .int16: "<i2"
    case .uint16: "<u2"
    case .int32: "<i4"
    case .uint32: "<u4"
    case .int64: "<i8"
    case .uint64: "<u8"
    case .bool: "|b1"
    }
  }

  fileprivate init?(descriptor: String) {
    guard let type = Self.allCases.first(where: { $0.descriptor == descriptor }) else { return nil }
    self = type
  }
}

extension UnsafeRawBufferPointer {
  /// The little-endian unsigned integer at `offset`; nil where it would reach past the end or does not fit `Int`.
  func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, at offset: Int) -> Int? {
    guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
    return Int(exactly: Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: Value.self)))
  }
}
