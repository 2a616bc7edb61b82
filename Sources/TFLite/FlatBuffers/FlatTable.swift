import IR
import Tensors

/// A table of a FlatBuffers file where it lies: fields by number, of which any may be absent.
///
/// Layout: 32 bits at the table's start lead back to its vtable, which has its own length, the table's, and for each
/// field where in the table it lies, in 16 bits each. Strings, vectors and other tables lie elsewhere: a field of 32
/// bits leads to them. Every offset and length is checked before it is followed; nothing here recurses or copies.
/// https://flatbuffers.dev/internals/
struct FlatTable {
  let file: MappedFile
  private let start: Int
  /// Bytes of the table itself.
  private let size: Int
  private let vtable: Int
  private let vtableSize: Int

  init(_ file: MappedFile, at start: Int) throws(Refusal) {
    self.file = file
    self.start = start
    vtable = start - Int(try file.number(Int32.self, at: start))
    vtableSize = Int(try file.number(UInt16.self, at: vtable))
    size = Int(try file.number(UInt16.self, at: vtable + 2))
    guard vtableSize >= 4, vtableSize.isMultiple(of: 2), vtableSize <= file.count - vtable, size >= 4,
      size <= file.count - start
    else { throw .malformed("table", at: start) }
  }

  /// The table the file begins with.
  init(rootOf file: MappedFile) throws(Refusal) {
    try self.init(file, at: Int(try file.number(UInt32.self, at: 0)))
  }

  /// Where a field of so many bytes lies; nil where it is absent.
  private func position(_ field: Int, _ width: Int) throws(Refusal) -> Int? {
    let entry = 4 + 2 * field
    guard entry + 2 <= vtableSize else { return nil }
    let offset = Int(try file.number(UInt16.self, at: vtable + entry))
    if offset == 0 { return nil }
    guard offset >= 4, offset + width <= size else { throw .malformed("table", at: start) }
    return start + offset
  }

  /// Where what a field leads to begins.
  private func target(_ field: Int) throws(Refusal) -> Int? {
    guard let position = try position(field, 4) else { return nil }
    return position + Int(try file.number(UInt32.self, at: position))
  }

  /// A number; nil where the field is absent.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type, _ field: Int
  ) throws(Refusal) -> Number? {
    guard let position = try position(field, MemoryLayout<Number>.size) else { return nil }
    return try file.number(type, at: position)
  }

  func table(_ field: Int) throws(Refusal) -> FlatTable? {
    guard let target = try target(field) else { return nil }
    return try FlatTable(file, at: target)
  }

  /// A vector of elements of so many bytes.
  func vector(_ field: Int, width: Int) throws(Refusal) -> FlatVector? {
    guard let target = try target(field) else { return nil }
    return try FlatVector(file, at: target, width: width)
  }

  /// A vector of tables.
  func tables(_ field: Int) throws(Refusal) -> FlatVector? { try vector(field, width: 4) }

  func string(_ field: Int) throws(Refusal) -> String? {
    guard let vector = try vector(field, width: 1) else { return nil }
    guard vector.count <= Limits.nameBytes else {
      throw Refusal(
        "a name at byte \(vector.start) has \(vector.count) bytes, more than \(Limits.nameBytes)",
        remedy: Refusal.limitRemedy)
    }
    return file.withBytes { String(decoding: $0[vector.bytes], as: UTF8.self) }
  }
}

/// A vector of a FlatBuffers file where it lies.
struct FlatVector {
  private let file: MappedFile
  /// Where the first element begins.
  let start: Int
  let count: Int
  private let width: Int

  fileprivate init(_ file: MappedFile, at position: Int, width: Int) throws(Refusal) {
    self.file = file
    self.width = width
    count = Int(try file.number(UInt32.self, at: position))
    start = position + 4
    guard count <= (file.count - start) / width else { throw .malformed("vector", at: position) }
  }

  /// The range of the file that the elements take.
  var bytes: Range<Int> { start..<start + count * width }

  /// An element that there is.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type, _ index: Int
  ) throws(Refusal) -> Number {
    try file.number(type, at: start + index * width)
  }

  /// All elements; the caller has looked at how many there are.
  func numbers<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws(Refusal) -> [Number] {
    var result: [Number] = []
    result.reserveCapacity(count)
    for index in 0..<count { result.append(try number(type, index)) }
    return result
  }

  func table(_ index: Int) throws(Refusal) -> FlatTable {
    let position = start + index * width
    return try FlatTable(file, at: position + Int(try file.number(UInt32.self, at: position)))
  }
}
