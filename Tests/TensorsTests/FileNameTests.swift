import Platform
import Tensors
import Testing

@Suite struct FileNameTests {
  static let names: [[UInt8]] = [
    Array("plain.jpg".utf8), Array("Übermaß/ἀρχή.png".utf8), [0xFF], [0x61, 0xE9, 0x2E, 0x6A, 0x70, 0x67],
    [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0x80, 0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80],
    [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
    // These spell the scalars that stand for bytes.
    [0xF4, 0x8F, 0xBE, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0x61, 0xF4, 0x8F, 0xBF, 0xBD, 0xFF], [],
  ]

  @Test(arguments: names) func everyNameIsAStringOfItsOwn(bytes: [UInt8]) {
    let string = FileName.string(bytes)
    #expect(FileName.bytes(string) == bytes)
    #expect(FileName.withPath(string) { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } == bytes)
    if let plain = String(validating: bytes, as: UTF8.self), bytes.first != 0xF4, bytes.count < 6 || bytes[1] != 0xF4 {
      #expect(string == plain)
    }
  }

  @Test func allNamesOfTwoBytesDiffer() {
    var strings: Set<[UInt8]> = []
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let string = FileName.string([first, second])
        #expect(FileName.bytes(string) == [first, second])
        strings.insert(Array(string.utf8))
      }
    }
    #expect(strings.count == 1 << 16)
  }

  @Test func aNameWithAZeroByteIsNotCutOff() throws {
    let folder = try Folder()
    try OutputFile.write("here", to: folder / "a")
    #expect(throws: Refusal.self) { try MappedFile.contents(of: folder / "a\0b") }
  }

  @Test func filesWithAnyNameAreWrittenAndRead() throws {
    let folder = try Folder()
    let latin = FileName.string([0x6C, 0xE9, 0x73, 0x69, 0x6F, 0x6E])
    try OutputFile.write("one", to: folder / latin)
    try OutputFile.write("other", to: folder / "l\u{FFFD}sion")
    #expect(try folder.text(latin) == "one")
    #expect(try MappedFile(path: folder / latin).count == 3)
    #expect(access(folder.path + "/l\u{FFFD}sion", F_OK) == 0)
    let raw =
      Array(folder.path.utf8CString.dropLast()) + [0x2F]
      + [0x6C, 0xE9, 0x73, 0x69, 0x6F, 0x6E, 0].map { CChar(bitPattern: $0) }
    #expect(access(raw, F_OK) == 0)
    #expect(folder.names.count == 2)
  }
}
