import CanonicalJSON
import Math
import Runtime
import Testing

@testable import Reports

/// A layer that computes the nodes `origins`.
private func layer(
  _ name: String, _ origins: [String] = [], macs: Int = 0, seconds: Double = 1e-6,
  precision: BenchLayer.Precision = .float32
) -> BenchLayer {
  BenchLayer(
    name: name, op: "Conv", implementation: "kernel", output: [1, 8], macs: macs, precision: precision,
    bestSeconds: seconds, origins: origins)
}

private func model(_ name: String, _ layers: [BenchLayer]) -> BenchModel {
  let seconds = layers.reduce(0) { $0 + $1.bestSeconds }
  return BenchModel(
    name: name, bestSeconds: seconds, medianSeconds: 2 * seconds, runs: 10, loadSeconds: 0.004, prepareSeconds: 0.002,
    memory: PlanMemory(arenaBytes: 64, scratchBytes: 32, packedBytes: 128, memoryBytes: 224), layers: layers)
}

@Suite struct BenchTests {
  @Test func pairsLayersOfTheSameNodes() {
    // In int8 the input is quantized first, one activation is a step of its own, and another is fused.
    let int8 = [
      layer("x_quantized"), layer("conv1", ["Conv1"]), layer("act1", ["Sigmoid1", "Mul1"]),
      layer("conv2", ["Conv2", "Relu2"]), layer("fc", ["Gemm"]),
    ]
    let float = [
      layer("conv1", ["Conv1", "Sigmoid1", "Mul1"]), layer("pad", ["Pad"]), layer("conv2", ["Conv2"]),
      layer("relu2", ["Relu2"]), layer("fc"),
    ]
    typealias Row = LayerPairing.Row
    #expect(
      LayerPairing(int8, against: float).rows == [
        Row(model: [0]), Row(model: [1, 2], against: [0]), Row(against: [1]), Row(model: [3], against: [2, 3]),
        Row(model: [4], against: [4]),
      ])
    #expect(LayerPairing([], against: [float[0]]).rows == [Row(against: [0])])
    #expect(LayerPairing([], against: []).rows.isEmpty)
  }

  /// 1,000 GMAC/s at most: the first layer takes 1 us of the limit's 0.5, the second 3 us of 0.3.
  private var result: BenchResult {
    BenchResult(
      model: model(
        "model.derm",
        [
          layer("first", macs: 500_000, seconds: 1e-6, precision: .int8),
          layer("second", macs: 300_000, seconds: 3e-6, precision: .int8), layer("add", seconds: 0.4e-6),
        ]),
      against: model(
        "model.onnx", [layer("first", macs: 500_000, seconds: 5e-6), layer("second", macs: 300_000, seconds: 6e-6)]),
      threads: 1, instructionSet: "avx2",
      peaks: [
        .int8: PeakRate(name: "loop_s8", macsPerSecond: 1e12),
        .float32: PeakRate(name: "loop_f32", macsPerSecond: 1e11),
      ])
  }

  @Test func measuresDistanceFromTheLimit() throws {
    let layers = result.model.layers
    #expect(try abs(#require(result.peakShare(layers[0])) - 0.5) < 1e-9)
    #expect(try abs(#require(result.peakShare(layers[1])) - 0.1) < 1e-9)
    #expect(result.peakShare(layers[2]) == nil)
    #expect(try abs(#require(result.beyondLimit(layers[1])) - 2.7e-6) < 1e-12)
    #expect(result.furthestFromLimit(result.model).map(\.name) == ["second", "first", "add"])
    var unknown = result
    unknown.peaks = [:]
    #expect(unknown.peakShare(layers[0]) == nil && unknown.furthestFromLimit(unknown.model).isEmpty)
  }

  @Test func showsBothModelsSideBySide() {
    let text = BenchText.make(result, perLayer: true)
    let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    let second = lines.first { $0.first == "second" }
    #expect(second == ["second", "Conv", "1×8", "6.0", "50.0", "50", "%", "3.0", "100.0", "10", "%", "2.00×"])
    // 0.8 us at the peak of 4.4.
    let total = ["2", "and", "3", "layers", "11.0", "72.7", "73", "%", "4.4", "181.8", "18", "%", "2.50×"]
    #expect(lines.contains { $0.map(String.init) == total }, "\(text)")
    #expect(text.contains("2.50× as fast"))
    #expect(text.contains("float32 100.0 GMAC/s (loop_f32), int8 1000.0 GMAC/s (loop_s8)"))
    #expect(!BenchText.make(result, perLayer: false).contains("second"))
  }

  @Test func countsThePartsOfChains() {
    #expect(BenchText.counted("Conv") == "Conv")
    #expect(BenchText.counted("Quantize + Conv + Conv + Add + Conv") == "Quantize + 3 Conv + Add")
    #expect(BenchText.counted("") == "")
  }

  @Test func showsOneModel() {
    var alone = result
    alone.against = nil
    let text = BenchText.make(alone, perLayer: true)
    let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    let second = lines.first { $0.first == "second" }
    #expect(second == ["second", "Conv", "kernel", "1×8", "3.0", "68.2", "%", "100.0", "10", "%"])
    #expect(text.contains("load 4.000 ms, prepare 2.000 ms"))
    #expect(text.contains("memory 224 B: activations 64 B, scratch 32 B a thread, weights 128 B"))
    #expect(!text.contains("the process had"))
    alone.peakProcessBytes = 12_345_678
    #expect(BenchText.make(alone, perLayer: false).contains("\n  the process had 12.3 MB at most\n"))
  }

  @Test func writesJSON() throws {
    let json = JSONNode(result.json, name: "bench")
    #expect(try json["threads"].int() == 1 && json["isa"].string() == "avx2")
    #expect(try json["scratch_bytes"].int() == 32 && json["memory_bytes"].int() == 224)
    #expect(try json.optional("peak_process_bytes") == nil)
    #expect(try json["peak"]["int8"]["gmacs_per_second"].double() == 1000)
    let layers = try json["layers"].elements()
    #expect(try abs(layers[1]["peak_share"].double() - 0.1) < 1e-9)
    #expect(try layers[1]["precision"].string() == "int8")
    #expect(try layers[2].optional("peak_share") == nil)
    #expect(try json["against"]["layers"].elements().count == 2)
    let pairs = try json["pairs"].elements()
    #expect(try pairs.map { try $0["layers"].ints(in: 0...9) } == [[0], [1], [2]])
    #expect(try pairs[1]["speedup"].double() == 2)
    #expect(try pairs[2].optional("speedup") == nil)
  }
}
