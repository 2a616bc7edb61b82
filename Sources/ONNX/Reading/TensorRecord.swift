import Tensors

/// A TensorProto: its header, and where its elements lie.
struct TensorRecord {
  var name = ""
  private var dimensions: [Int] = []
  private var dataType = 0
  private var raw: Range<Int>?
  /// Fields of float_data, int32_data, int64_data, double_data and uint64_data, by field number.
  private var typed: [Int: [WireField]] = [:]
  private var external: [(key: String, value: String)] = []
  private var isExternal = false
  private var isSegment = false

  private enum Field {
    static let dims = 1, dataType = 2, segment = 3, floatData = 4, int32Data = 5, int64Data = 7, name = 8, rawData = 9
    static let doubleData = 10, uint64Data = 11, externalData = 13, dataLocation = 14
  }

  /// Reads the header; `ranges` are the pieces of one message, which protobuf allows to be split.
  init(_ file: MappedFile, ranges: [Range<Int>]) throws(Refusal) {
    for range in ranges {
      var reader = WireReader(file, range: range)
      while let field = try reader.next() {
        switch field.number {
        case Field.dims:
          // More dimensions than any tensor has are not kept.
          try field.forEachInteger(in: file) { if dimensions.count <= Limits.rank { dimensions.append($0) } }
        case Field.dataType: dataType = field.integer ?? 0
        case Field.segment: isSegment = true
        case Field.name: name = field.string(in: file) ?? ""
        case Field.rawData: raw = field.range
        case Field.floatData, Field.int32Data, Field.int64Data, Field.doubleData, Field.uint64Data:
          typed[field.number, default: []].append(field)
        case Field.externalData:
          if let range = field.range { external.append(try Messages.entry(file, range)) }
        case Field.dataLocation: isExternal = field.integer == 1
        default: break
        }
      }
    }
  }

  /// The type its elements have once they are read.
  func element() throws(Refusal) -> ElementType {
    try hasFourBits ? (isUnsignedFourBits ? .uint8 : .int8) : DataType.named(dataType).element
  }

  /// Whether elements are int4 or uint4, two in a byte, the first in its lower half. They are read as int8 and uint8.
  var hasFourBits: Bool { isUnsignedFourBits || dataType == 22 }

  private var isUnsignedFourBits: Bool { dataType == 21 }

  /// Bytes the elements take in the file or its companion.
  func byteCount() throws(Refusal) -> Int {
    try hasFourBits ? (elementCount() + 1) / 2 : elementCount() * DataType.named(dataType).size
  }

  private func elementCount() throws(Refusal) -> Int {
    guard let count = Limits.count(dimensions) else { throw Refusal("its shape \(dimensions) is beyond the limits") }
    return count
  }

  /// The elements: where they lie in the mapped file if their type is one of ours, else converted to float32.
  func tensor(_ file: MappedFile, external companions: ExternalData?) throws(Refusal) -> Tensor {
    guard !isSegment else { throw Refusal("it is stored in segments, which is not supported") }
    if hasFourBits, let companions { return try fourBits(file, companions) }
    let type = try DataType.named(dataType)
    let count = try elementCount()
    let target = TensorType(type.element, dimensions)
    if isExternal {
      guard let companions else { throw Refusal("external data is only supported for initializers") }
      let bytes = count * type.size
      let (companion, range) = try companions.locate(external, byteCount: bytes)
      return try tensor(target, type, companion, range)
    }
    if let raw { return try tensor(target, type, file, raw) }
    return try typedTensor(target, type, file)
  }

  private func tensor(
    _ target: TensorType, _ type: DataType, _ file: MappedFile, _ range: Range<Int>
  ) throws(Refusal) -> Tensor {
    guard range.count == target.count * type.size else {
      throw Refusal("it has \(range.count) bytes of data, its shape \(target.shape) needs \(target.count * type.size)")
    }
    if type.size == target.element.size {
      guard let buffer = Buffer(file, offset: range.lowerBound, count: range.count),
        let tensor = Tensor(target, buffer)
      else { throw Refusal("its data lies outside the file") }
      return tensor
    }
    return file.withBytes { bytes in
      TensorRecord.floats(of: UnsafeRawBufferPointer(rebasing: bytes[range]), type, as: target)
    }
  }

  private func fourBits(_ file: MappedFile, _ companions: ExternalData) throws(Refusal) -> Tensor {
    let count = try elementCount()
    var bytes: [UInt8]
    if isExternal {
      let (companion, range) = try companions.locate(external, byteCount: (count + 1) / 2)
      bytes = companion.withBytes { Array($0[range]) }
    } else if let raw {
      bytes = file.withBytes { Array($0[raw]) }
    } else {
      let target = TensorType(.uint8, [(count + 1) / 2])
      bytes = try integers(Field.int32Data, target, file) { UInt8(truncatingIfNeeded: $0) }.elements()
    }
    guard bytes.count == (count + 1) / 2 else {
      throw Refusal("it has \(bytes.count) bytes of data, its shape \(dimensions) needs \((count + 1) / 2)")
    }
    let numbers = (0..<count).map { bytes[$0 / 2] >> ($0 % 2 == 0 ? 0 : 4) & 15 }
    if isUnsignedFourBits { return Tensor(numbers, shape: dimensions) }
    // The sign is the highest of the four bits.
    return Tensor(numbers.map { Int8(bitPattern: $0 << 4) >> 4 }, shape: dimensions)
  }

  /// Numbers of a type that is not ours as float32.
  private static func floats(of source: UnsafeRawBufferPointer, _ type: DataType, as target: TensorType) -> Tensor {
    Tensor(target) { bytes in
      let floats = bytes.assumingMemoryBound(to: Float.self)
      for index in floats.indices {
        switch type {
        case .float16:
          floats[index] = FloatConversion.half(source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
        case .bfloat16:
          let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
          floats[index] = Float(bitPattern: UInt32(bits) << 16)
        default: floats[index] = Float(source.loadUnaligned(fromByteOffset: 8 * index, as: Double.self))
        }
      }
    }
  }

  // MARK: Typed data

  private func typedTensor(_ target: TensorType, _ type: DataType, _ file: MappedFile) throws(Refusal) -> Tensor {
    switch type {
    case .float:
      let fields = typed[Field.floatData] ?? []
      // A packed list of floats has the same bytes as raw data, so it stays where it is too.
      if fields.count == 1, let range = fields[0].range, range.count == target.byteCount {
        return try tensor(target, type, file, range)
      }
      return try tensor(target, try numbers(fields, size: 4, file).map { Float(bitPattern: UInt32($0)) })
    case .double:
      let fields = typed[Field.doubleData] ?? []
      return try tensor(
        target, try numbers(fields, size: 8, file).map { Float(Double(bitPattern: $0)) })
    case .int64: return try integers(Field.int64Data, target, file) { Int64($0) }
    case .int32: return try integers(Field.int32Data, target, file) { Int32(truncatingIfNeeded: $0) }
    case .int8: return try integers(Field.int32Data, target, file) { Int8(truncatingIfNeeded: $0) }
    case .uint8: return try integers(Field.int32Data, target, file) { UInt8(truncatingIfNeeded: $0) }
    case .int16: return try integers(Field.int32Data, target, file) { Int16(truncatingIfNeeded: $0) }
    case .uint16: return try integers(Field.int32Data, target, file) { UInt16(truncatingIfNeeded: $0) }
    case .uint32: return try integers(Field.uint64Data, target, file) { UInt32(truncatingIfNeeded: $0) }
    case .uint64: return try integers(Field.uint64Data, target, file) { UInt64(truncatingIfNeeded: $0) }
    case .bool: return try integers(Field.int32Data, target, file) { $0 != 0 }
    case .float16:
      return try integers(Field.int32Data, target, file) { FloatConversion.half(UInt16(truncatingIfNeeded: $0)) }
    case .bfloat16:
      return try integers(Field.int32Data, target, file) {
        Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: $0)) << 16)
      }
    }
  }

  private func tensor<Element: TensorElement>(_ target: TensorType, _ elements: [Element]) throws(Refusal) -> Tensor {
    guard elements.count == target.count else {
      throw Refusal("it has \(elements.count) elements of data, its shape \(target.shape) needs \(target.count)")
    }
    return Tensor(elements, shape: target.shape)
  }

  /// A tensor of numbers in a field; of those the shape has no place for, only how many there are is kept.
  private func integers<Element: TensorElement>(
    _ number: Int, _ target: TensorType, _ file: MappedFile, _ convert: (Int) -> Element
  ) throws(Refusal) -> Tensor {
    var elements: [Element] = []
    elements.reserveCapacity(min(target.count, file.count))
    var count = 0
    for field in typed[number] ?? [] {
      try field.forEachInteger(in: file) { value in
        count += 1
        if count <= target.count { elements.append(convert(value)) }
      }
    }
    guard count == target.count else {
      throw Refusal("it has \(count) elements of data, its shape \(target.shape) needs \(target.count)")
    }
    return Tensor(elements, shape: target.shape)
  }

  private func numbers(_ fields: [WireField], size: Int, _ file: MappedFile) throws(Refusal) -> [UInt64] {
    var result: [UInt64] = []
    for field in fields {
      switch field.content {
      case .fixed32(let value) where size == 4: result.append(UInt64(value))
      case .fixed64(let value) where size == 8: result.append(value)
      case .bytes(let range):
        var reader = WireReader(file, range: range)
        while reader.position < reader.end { result.append(try reader.fixed(size)) }
      default: throw Refusal("its data is encoded with the wrong size of number")
      }
    }
    return result
  }
}
