import IR
import Math
import NumPyFiles
import Operators
import Platform
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// A network of all int8 operators against what ONNX Runtime computed for it, unoptimised, from the file the writer
/// wrote.
///
/// `fixtures/golden/qdq.onnx` is that file, `qdq.npz` holds an input and the outputs. When the network changes, write
/// the file again with `DERMC_WRITE_QDQ=fixtures/golden/qdq.onnx swift test --filter QDQGoldenTests`, then run
/// `fixtures/tools/make_qdq_golden.py`.
@Suite struct QDQGoldenTests {
  private static let golden = Fixtures.root + "/fixtures/golden"

  /// Pseudo-random integers in -bound...bound.
  private struct Noise {
    var state: UInt64 = 2024

    mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % (2 * bound + 1) - bound
    }
  }

  /// A small network with squeeze-excite, branches and a residual; every int8 value that is worth a look is an output.
  private static func network() throws -> Graph {
    var graph = Graph(name: "qdq")
    graph.hasFreeBatch = true
    var noise = Noise()
    var seen: [ValueID] = []

    func constants(_ shape: [Int], _ graph: inout Graph) -> [ValueID] {
      let weights = (0..<shape.reduce(1, *)).map { _ in Int8(noise.next(127)) }
      let scales = (0..<shape[0]).map { _ in Float(noise.next(90) + 200) / 60_000 }
      let bias = (0..<shape[0]).map { _ in Int32(noise.next(4000)) }
      return [
        graph.addConstant("w", Tensor(weights, shape: shape)), graph.addConstant("w_scale", Tensor(scales)),
        graph.addConstant("b", Tensor(bias)),
      ]
    }
    func add(_ name: String, _ op: any Operator, _ inputs: [ValueID?], _ graph: inout Graph) throws -> ValueID {
      let y = try graph.add(op, name: name, inputs: inputs)[0]
      if graph.type(of: y).quantization != nil { seen.append(y) }
      return y
    }
    func step(_ scale: Float, _ zeroPoint: Int) -> Quantization { Quantization(scale: scale, zeroPoint: zeroPoint) }
    let pointwise = Window(kernel: [1, 1])

    let input = graph.addInput("input", TensorType(.float32, [1, 3, 17, 16]))
    let x = try add("quantize", QuantizeLinear(step(0.0187, -3)), [input], &graph)
    let stem = try add(
      "stem",
      ConvInt8(
        window: Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]), group: 1,
        output: Int8Output(step(0.0231, -128), clamp: (0, 6))), [x] + constants([8, 3, 3, 3], &graph), &graph)
    let depthwise = try add(
      "depthwise",
      ConvInt8(
        window: Window(kernel: [3, 3], pads: [1, 1, 1, 1]), group: 8,
        output: Int8Output(step(0.0159, -110), function: .silu, of: step(0.0313, 7))),
      [stem] + constants([8, 1, 3, 3], &graph), &graph)
    let squeezed = try add("squeeze", AveragePoolInt8(window: nil, output: step(0.0091, -101)), [depthwise], &graph)
    let excited = try add(
      "excite",
      ConvInt8(
        window: pointwise, group: 1,
        output: Int8Output(step(0.00392, -128), function: .sigmoid, of: step(0.0217, 11))),
      [squeezed] + constants([8, 8, 1, 1], &graph), &graph)
    let product = try add(
      "product", MulInt8(output: Int8Output(step(0.0113, -97))), [depthwise, excited], &graph)
    let projected = try add(
      "project", ConvInt8(window: pointwise, group: 1, output: Int8Output(step(0.0271, 13))),
      [product] + constants([8, 8, 1, 1], &graph), &graph)
    let sum = try add(
      "sum", AddInt8(output: Int8Output(step(0.0257, -60), clamp: (0, .infinity))), [stem, projected], &graph)
    let curved = try add("curved", LookupInt8(.hardSwish, output: step(0.0203, -114)), [projected], &graph)
    let joined = try add("joined", ConcatInt8(output: step(0.0263, -71)), [sum, curved, sum], &graph)
    let shuffled = try add("shuffled", ChannelShuffle(groups: 3), [joined], &graph)
    let largest = try add(
      "largest", MaxPool(window: Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])), [shuffled], &graph)
    let averaged = try add(
      "averaged",
      AveragePoolInt8(window: Window(kernel: [2, 2], strides: [2, 2]), ceiling: true, output: step(0.0241, -80)),
      [largest], &graph)
    let flat = try add("flat", Reshape(shape: [0, -1]), [averaged], &graph)
    let width = graph.type(of: flat).shape[1]
    let dense = try add(
      "dense", GemmInt8(output: Int8Output(step(0.0719, 9))), [flat] + constants([20, width], &graph), &graph)
    let logits = try add("logits", GemmInt8(output: nil), [dense] + constants([7, 20], &graph), &graph)

    for value in seen {
      graph.addOutput(
        try graph.add(DequantizeLinear(), name: "\(graph[value].name)_real", inputs: [value])[0])
    }
    graph.addOutput(logits)
    return graph
  }

  @Test func agreesWithONNXRuntime() throws {
    let graph = try Self.network()
    if let path = getenv("DERMC_WRITE_QDQ") { try ONNXWriter.write(graph, to: String(cString: path)) }
    let arrays = try NumPyFile.read(path: "\(Self.golden)/qdq.npz")
    let byName = Dictionary(uniqueKeysWithValues: arrays.map { ($0.name, $0.tensor) })
    let input = try #require(byName["input"])
    let outputs = try GraphEvaluation.outputs(of: graph, inputs: [input])
    for (id, output) in zip(graph.outputs, outputs) {
      let expected = try #require(byName[graph[id].name]).doubles()
      let values = output.doubles()
      #expect(values.count == expected.count)
      if let scale = graph.producer(of: id)?.inputs[0].flatMap({ graph.type(of: $0).quantization?.scale }),
        graph.producer(of: id)?.op is DequantizeLinear
      {
        let steps = zip(values, expected).map { (abs($0 - $1) / Double(scale)).rounded() }
        #expect(steps.allSatisfy { $0 == 0 }, "\(graph[id].name): \(steps.count { $0 > 0 }) of \(steps.count) differ")
        #expect(Set(values).count > 15, "\(graph[id].name) says too little")
      } else {
        let largest = expected.map(abs).max() ?? 0
        for (value, other) in zip(values, expected) { #expect(abs(value - other) <= 1e-6 * largest) }
      }
    }
    // The file ONNX Runtime read is the one that is written today, as far as numbers go.
    let stored = try ONNXReader.read(path: "\(Self.golden)/qdq.onnx").graph
    let folder = try TemporaryFolder()
    try ONNXWriter.write(graph, to: "\(folder.path)/model.onnx")
    let written = try ONNXReader.read(path: "\(folder.path)/model.onnx").graph
    #expect(stored.description == written.description)
  }
}
