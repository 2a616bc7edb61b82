import IR
import Platform
import Tensors
import TestSupport
import Testing

@testable import TFLite

/// Damaged files are refused in one line, or read; nothing traps.
@Suite struct DamageTests {
  private static let name = "network_int8"

  private func read(_ bytes: [UInt8]) throws -> Refusal? {
    let file = try TemporaryFile(bytes)
    do throws(Refusal) {
      let graph = try TFLiteReader.read(path: file.path).graph
      try Verifier.check(graph)
      return nil
    } catch {
      #expect(error.kind != .defect, "\(error)")
      #expect(error.file == file.path)
      let line = "\(error)"
      #expect(line.utf8.count < 2048 && !line.utf8.contains { $0 < 0x20 })
      return error
    }
  }

  @Test func cutFiles() throws {
    let whole = try MappedFile.contents(of: Fixtures.path(Self.name))
    for length in Array(0..<64) + Array(stride(from: 64, to: whole.count, by: 61)) {
      _ = try read(Array(whole.prefix(length)))
    }
    for length in [0, 3, 7, 8, 20] { #expect(try read(Array(whole.prefix(length))) != nil) }
    #expect(try read(whole) == nil)
  }

  @Test func flippedBytes() throws {
    let whole = try MappedFile.contents(of: Fixtures.path(Self.name))
    var numbers = RandomNumbers(seed: 7)
    var refused = 0
    for _ in 0..<1500 {
      var bytes = whole
      for _ in 0...numbers.int(0...2) {
        let place = numbers.int(0...bytes.count - 1)
        bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, bytes[place] ^ 1, bytes[place] ^ 0x80][numbers.int(0...6)]
      }
      if try read(bytes) != nil { refused += 1 }
    }
    #expect(refused > 100)
  }

  /// Every 32 bits of the tables lead somewhere else once.
  @Test(arguments: ["conv_same_int8", "split_sizes_float", "strided_slice_float", "conv_transposed_same_float"])
  func wrongOffsets(name: String) throws {
    let whole = try MappedFile.contents(of: Fixtures.path(name))
    for place in stride(from: 0, to: whole.count - 3, by: 4) {
      for value in [UInt32.max, 0x7FFF_FFFF, 0x8000_0000, 4, 0x10_0000] {
        var bytes = whole
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
        _ = try read(bytes)
      }
    }
  }

  /// Metadata tell nothing when they are not what they are to be.
  @Test func otherFiles() throws {
    let onnx = try MappedFile.contents(of: Fixtures.root + "/fixtures/lesion_cnn.onnx")
    #expect(try read(onnx)?.reason == "is not a TensorFlow Lite model")
    let file = try TemporaryFile(onnx)
    #expect(!TFLiteReader.recognizes(file.path))
    #expect(TFLiteReader.recognizes(Fixtures.path(Self.name)))
  }
}
