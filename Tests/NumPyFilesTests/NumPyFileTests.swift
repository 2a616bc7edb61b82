import Tensors
import Testing

@testable import NumPyFiles

/// The path of a file beside this one.
func golden(_ name: String) -> String {
  String(#filePath.prefix(through: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)) + "Goldens/" + name
}

func goldenBytes(_ name: String) throws -> [UInt8] {
  let file = try MappedFile(path: golden(name))
  return file.withBytes(Array.init)
}

func readArray(_ bytes: [UInt8]) throws -> Tensor {
  try bytes.withUnsafeBytes { buffer in Result { () throws(Refusal) in try NumPyFile.readArray(buffer) } }.get()
}

func readArchive(_ bytes: [UInt8], limit: Int = NumPyFile.archiveLimit) throws -> [NumPyFile.Entry] {
  try bytes.withUnsafeBytes { buffer in
    Result { () throws(Refusal) in try NumPyFile.readArchive(buffer, limit: limit) }
  }.get()
}

@Suite struct ArrayTests {
  static let arrays: [(String, ElementType, [Double])] = [
    ("f4", .float32, [0, 1, -2, 3.5, -4.25, 100]), ("f8", .float64, [0, 1, -2, 3.5, -4.25, 100]),
    ("i1", .int8, [0, 1, -2, 3, -4, 100]), ("u1", .uint8, [0, 1, 2, 3, 4, 100]),
    ("i2", .int16, [0, 1, -2, 3, -4, 100]), ("u2", .uint16, [0, 1, 2, 3, 4, 100]),
    ("i4", .int32, [0, 1, -2, 3, -4, 100]), ("u4", .uint32, [0, 1, 2, 3, 4, 100]),
    ("i8", .int64, [0, 1, -2, 3, -4, 100]), ("u8", .uint64, [0, 1, 2, 3, 4, 100]),
    ("b1", .bool, [0, 1, 1, 1, 1, 1]), ("version2", .float32, [0, 1, -2, 3.5, -4.25, 100]),
    ("version3", .float32, [0, 1, -2, 3.5, -4.25, 100]),
  ]

  @Test(arguments: arrays)
  func reads(name: String, element: ElementType, values: [Double]) throws {
    let entries = try NumPyFile.read(path: golden("\(name).npy"))
    try #require(entries.count == 1)
    #expect(entries[0].name == "")
    #expect(entries[0].tensor.type == TensorType(element, [2, 3]))
    #expect(entries[0].tensor.doubles() == values)
    #expect(try readArray(goldenBytes("\(name).npy")).isIdentical(to: entries[0].tensor))
  }

  @Test func readsOtherShapes() throws {
    #expect(try readArray(goldenBytes("scalar.npy")).isIdentical(to: Tensor(scalar: Float(2.5))))
    #expect(try readArray(goldenBytes("empty.npy")).type == TensorType(.float32, [0, 3]))
    #expect(try readArray(goldenBytes("vector.npy")).isIdentical(to: Tensor([Int64]([0, 1, 2, 3, 4]))))
    let four = try readArray(goldenBytes("four.npy"))
    #expect(four.isIdentical(to: Tensor((0..<120).map(Float.init), shape: [2, 3, 4, 5])))
  }

  @Test(arguments: [
    "f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "b1", "scalar", "empty", "vector", "four",
  ])
  func writesWhatNumPyWrites(name: String) throws {
    let bytes = try goldenBytes("\(name).npy")
    #expect(NumPyFile.encode(try readArray(bytes)) == bytes)
  }

  static let unsupported: [(String, String)] = [
    ("big_f4", "element type '>f4'"), ("f2", "element type '<f2'"),
    ("c8", "element type '<c8'"), ("U3", "element type '<U3'"), ("fortran", "Fortran order"),
    ("structured", "structured array"),
  ]

  @Test(arguments: unsupported)
  func refusesClearly(name: String, part: String) {
    #expect {
      try NumPyFile.read(path: golden("\(name).npy"))
    } throws: { error in
      "\(error)".contains(part) && "\(error)".contains("\(name).npy")
    }
  }

  @Test(arguments: ["f4", "version2", "four", "scalar", "empty"])
  func refusesEveryOtherLength(name: String) throws {
    let bytes = try goldenBytes("\(name).npy")
    for length in 0..<bytes.count {
      #expect(throws: Refusal.self, "\(length) bytes") { try readArray(Array(bytes.prefix(length))) }
    }
    #expect(throws: Refusal.self) { try readArray(bytes + [0]) }
  }

  @Test func survivesEveryByteInTheHeader() throws {
    let bytes = try goldenBytes("f4.npy")
    for position in 0..<80 {
      for byte in UInt8.min...UInt8.max {
        var changed = bytes
        changed[position] = byte
        guard let tensor = try? readArray(changed) else { continue }
        #expect(tensor.buffer.count <= bytes.count)
      }
    }
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}x",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
    "{'descr': '<f4', 'descr': '<f4', 'shape': ()}", "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
    "{'descr': '<f\\x34', 'fortran_order': False, 'shape': ()}", "{'descr': 'O', 'fortran_order': False, 'shape': ()}",
  ])
  func refusesHeaders(text: String) {
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + [0, 0, 0, 0]
    #expect(throws: Refusal.self) { try readArray(bytes) }
  }

  @Test func namesTheSizesThatDisagree() throws {
    let bytes = try goldenBytes("f4.npy")
    #expect(throws: Refusal("holds 20 bytes of elements; float32[2,3] needs 24")) {
      try readArray(bytes.dropLast(4))
    }
  }
}

@Suite struct ArchiveTests {
  @Test(arguments: ["stored", "deflated"])
  func reads(name: String) throws {
    let entries = try NumPyFile.read(path: golden("\(name).npz"))
    #expect(entries.map(\.name) == ["x", "y"])
    #expect(entries[0].tensor.isIdentical(to: Tensor((0..<32).map(Float.init), shape: [4, 8])))
    #expect(entries[1].tensor.isIdentical(to: Tensor([Int64]([0, 1, 2, 3]))))
  }

  @Test func readsZip64() throws {
    let entries = try readArchive(goldenBytes("wide.npz"))
    #expect(entries.map(\.name) == ["x"])
    #expect(entries[0].tensor.isIdentical(to: Tensor((0..<32).map(Float.init), shape: [4, 8])))
  }

  @Test(arguments: ["stored", "deflated", "wide"])
  func refusesEveryTruncation(name: String) throws {
    let bytes = try goldenBytes("\(name).npz")
    for length in 0..<bytes.count {
      #expect(throws: Refusal.self, "\(length) bytes") { try readArchive(Array(bytes.prefix(length))) }
    }
  }

  @Test(arguments: ["stored", "deflated", "wide"])
  func readsTheSameOrNothingAfterAnyFlippedBit(name: String) throws {
    let bytes = try goldenBytes("\(name).npz")
    let intact = try readArchive(bytes)
    for position in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[position] ^= 1 << UInt8(bit)
        guard let entries = try? readArchive(changed) else { continue }
        // Names, dates and attributes carry no checksum; elements do.
        #expect(zip(entries, intact).allSatisfy { $0.tensor.isIdentical(to: $1.tensor) }, "byte \(position) bit \(bit)")
      }
    }
  }

  @Test func limitsTheTotal() throws {
    let bytes = try goldenBytes("deflated.npz")
    // 256 bytes of x, 160 of y.
    #expect(throws: Refusal("\"y.npy\": the archive holds more than 415 bytes of arrays")) {
      try readArchive(bytes, limit: 415)
    }
    #expect(try readArchive(bytes, limit: 416).count == 2)
  }

  @Test func namesTheMemberAndTheFile() throws {
    var bytes = try goldenBytes("stored.npz")
    let position = try #require(bytes.firstRange(of: [0, 0, 0, 0, 0, 0, 0x80, 0x3F])).lowerBound
    bytes[position] = 1
    #expect(throws: Refusal("\"x.npy\": its checksum is wrong")) { try readArchive(bytes) }
    #expect {
      try NumPyFile.read(path: golden("generate.py"))
    } throws: { error in
      "\(error)".hasSuffix("generate.py: is neither a .npy nor a .npz file")
    }
    #expect(throws: Refusal.self) { try NumPyFile.read(path: golden("absent.npy")) }
  }
}
