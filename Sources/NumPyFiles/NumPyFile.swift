package import Tensors

/// Reads NumPy's .npy and .npz files, writes .npy.
///
/// Files may be hostile: every size is checked against the bytes that are there before memory is asked for.
package enum NumPyFile {
  /// A tensor and its name in the archive; the name is empty where a .npy file holds it alone.
  package struct Entry: Sendable {
    package let name: String
    package let tensor: Tensor
  }

  /// Bytes all arrays of one archive may have together once decompressed.
  package static let archiveLimit = 4 << 30

  /// The arrays of a .npy or .npz file, told apart by their first bytes.
  ///
  /// The array of a .npy file stays in the mapped file; it is not copied.
  package static func read(path: String) throws(Refusal) -> [Entry] {
    let file = try MappedFile(path: path)
    do throws(Refusal) {
      return try file.withBytes { (bytes) throws(Refusal) in
        if ZipArchive.isZip(bytes) { return try readArchive(bytes) }
        let header = try NumPyHeader(reading: bytes)
        guard let buffer = Buffer(file, offset: header.dataOffset, count: header.type.byteCount),
          let tensor = Tensor(header.type, buffer)
        else { throw Refusal("the array does not fit its file") }
        return [Entry(name: "", tensor: tensor)]
      }
    } catch {
      throw error.of(file: path)
    }
  }

  /// The arrays of a .npy or .npz file held in memory, likewise.
  package static func read(_ bytes: [UInt8]) throws(Refusal) -> [Entry] {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(Refusal) in
        if ZipArchive.isZip(buffer) { return try readArchive(buffer) }
        return [Entry(name: "", tensor: try readArray(buffer))]
      }
    }
    return try result.get()
  }

  /// The array of a .npy file held in memory.
  ///
  /// - Throws: unless it is version 1 to 3, little-endian, in C order, of an element type of `ElementType`, and exactly
  ///   as long as its header says.
  package static func readArray(_ bytes: UnsafeRawBufferPointer) throws(Refusal) -> Tensor {
    let header = try NumPyHeader(reading: bytes)
    return Tensor(header.type) { target in
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset...]))
    }
  }

  /// The arrays of a .npz file held in memory, stored or deflated, in the archive's order.
  package static func readArchive(
    _ bytes: UnsafeRawBufferPointer, limit: Int = archiveLimit
  ) throws(Refusal) -> [Entry] {
    var entries: [Entry] = []
    var remaining = limit
    for member in try ZipArchive(bytes).members {
      guard member.name.hasSuffix(".npy") else {
        throw Refusal("is not a .npy array").about(member.shownName)
      }
      guard member.size <= remaining else {
        throw Refusal("the archive holds more than \(limit) bytes of arrays").about(member.shownName)
      }
      remaining -= member.size
      do throws(Refusal) {
        // Memory is asked for when the header says that it is for an array of just that size.
        let beginning = try member.beginning(in: bytes, count: NumPyHeader.longest)
        let expected = try beginning.withBytes { (bytes) throws(Refusal) in
          try NumPyHeader(reading: bytes, total: member.size)
        }
        let content = try member.content(in: bytes)
        guard let buffer = Buffer(content, offset: expected.dataOffset, count: expected.type.byteCount),
          let tensor = Tensor(expected.type, buffer)
        else { throw Refusal("the array does not fit its file") }
        entries.append(Entry(name: String(member.name.dropLast(4)), tensor: tensor))
      } catch {
        throw error.about(member.shownName)
      }
    }
    return entries
  }

  /// The bytes of a .npy file of version 1, as `numpy.save` writes them.
  package static func encode(_ tensor: Tensor) -> [UInt8] {
    tensor.withBytes { NumPyHeader.encode(tensor.type) + $0 }
  }

  /// Writes a .npy file, whole or not at all.
  package static func write(_ tensor: Tensor, to path: String) throws(Refusal) {
    try OutputFile.write(encode(tensor), to: path)
  }
}
