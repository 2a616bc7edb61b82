import IR
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// Files damaged at random: they are refused or give a sound graph, and nothing crashes.
@Suite struct DamageTests {
  static let models = [
    "composite_inverted_residual", "composite_view_opset17", "conv_float_data_opset9", "resize_nearest_opset18",
  ]

  private static func bytes(_ name: String) throws -> [UInt8] {
    let file = try MappedFile(path: Fixtures.model(name))
    return file.withBytes(Array.init)
  }

  @Test(arguments: models) func truncation(name: String) throws {
    let bytes = try Self.bytes(name)
    let folder = try TemporaryFolder()
    for length in stride(from: 0, to: bytes.count - 1, by: max(1, bytes.count / 150)) {
      let path = try folder.write(Array(bytes[..<length]))
      #expect(throws: Refusal.self) { try ONNXReader.read(path: path) }
    }
  }

  @Test(arguments: models) func flippedBits(name: String) throws {
    let bytes = try Self.bytes(name)
    let folder = try TemporaryFolder()
    var state: UInt64 = 7
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(limit))
    }
    for _ in 0..<250 {
      var damaged = bytes
      for _ in 0...random(3) { damaged[random(damaged.count)] = UInt8(random(256)) }
      let path = try folder.write(damaged)
      do throws(Refusal) {
        let model = try ONNXReader.read(path: path)
        #expect(throws: Never.self) { try Verifier.check(model.graph) }
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
  }
}
