import Tensors
import Testing

@Suite struct MemoryOwnerTests {
  @Test func memoryIsLentWhileTheClosureRuns() throws {
    // The owner has no other use: it must live until the closure is done all the same.
    let sum = Buffer(count: 1 << 20) { $0.initializeMemory(as: UInt8.self, repeating: 3) }
      .withBytes { bytes in bytes.reduce(0) { $0 + Int($1) } }
    #expect(sum == 3 << 20)
    let pieces = (0..<4).map { piece in Buffer(count: piece) { $0.initializeMemory(as: UInt8.self, repeating: 7) } }
    #expect(pieces.withBytes { $0.map(\.count) } == [0, 1, 2, 3])
    struct Refusal: Error {}
    #expect(throws: Refusal.self) { try pieces[1].withBytes { _ throws(Refusal) in throw Refusal() } }
  }

  @Test func aMappedFileIsReadByteByByte() throws {
    let folder = try Folder()
    try OutputFile.write("0123456789", to: folder / "a")
    let file = try MappedFile(path: folder / "a")
    #expect((0..<file.count).map { file[$0] }.elementsEqual("0123456789".utf8))
    try OutputFile.write("", to: folder / "b")
    #expect(try MappedFile(path: folder / "b").withBytes(\.count) == 0)
  }

  @Test func elementsAreLentInTheirType() {
    let tensor = Tensor([Float(1), 2, 3])
    #expect(tensor.withPointer(to: Float.self) { $0[0] + $0[2] } == 4)
    #expect(tensor.hasSameBytes(as: Tensor([Float(1), 2, 3], shape: [3, 1])))
    #expect(!tensor.hasSameBytes(as: Tensor([Float(1), 2, -3])))
  }
}
