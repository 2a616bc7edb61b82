import Bundles
import CanonicalJSON
import IR
import Math
import Operators
import Platform
import Tensors
import TestSupport
import Testing

/// Calls `body` with the path of a new folder, which is removed afterwards.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/bundles-XXXXXX".utf8CString)
  let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
  let path = try #require(made)
  defer {
    for name in files(in: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }
  return try body(path)
}

/// The names of the files in a folder.
func files(in folder: String) -> [String] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

func bytes(of path: String) throws -> [UInt8] {
  let file = try MappedFile(path: path)
  return file.withBytes(Array.init)
}

extension RandomNumbers {
  mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

enum Sample {
  /// A float graph with a free batch: shared constants, infinities, several outputs of a node, a left-out input, a
  /// tensor attribute, int64 constants, a dead node, and names and origins of all kinds.
  static func floatGraph() throws -> Graph {
    var random = RandomNumbers(seed: 1)
    var graph = Graph(name: "sample \"float\"")
    graph.hasFreeBatch = true
    let x = graph.addInput("input:0", TensorType(.float32, [1, 3, 8, 8]))
    let w = graph.addConstant("w/1", Tensor(random.floats(4 * 3 * 3 * 3), shape: [4, 3, 3, 3]))
    let b = graph.addConstant("b", Tensor(random.floats(4)))
    let conv = try graph.add(
      Conv(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1]), activation: .clip(lower: 0, upper: .infinity)),
      name: "conv", inputs: [x, w, b], outputNames: ["äöü ✓"], origins: ["Conv_0", "Relu_1"])[0]
    let w2 = graph.addConstant("w2", Tensor(random.floats(4 * 4), shape: [4, 4, 1, 1]))
    let left = try graph.add(
      Conv(window: Window(kernel: [1, 1])), name: "left", inputs: [conv, w2, b], origins: ["Conv_2"])[0]
    let right = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "right", inputs: [conv, w2, nil])[0]
    let sum = try graph.add(Binary(.add, activation: .leakyRelu(alpha: 0.1)), name: "sum", inputs: [left, right])[0]
    let parts = try graph.add(
      Split(axis: 1, sizes: [1, 3]), name: "split", inputs: [sum], outputNames: ["one", "three"])
    let shape = graph.addConstant("shape", Tensor([Int64(1), 1, 8, 8]))
    let filled = try graph.add(
      ConstantOfShape(value: Tensor([Float(0.1)])), name: "fill", inputs: [shape], outputNames: ["filled"])[0]
    let result = try graph.add(Binary(.mul), name: "mul", inputs: [parts[0], filled], outputNames: ["result"])[0]
    try graph.add(Unary(.clip(lower: -.infinity, upper: 6)), name: "dead", inputs: [parts[1]])
    graph.addOutput(result)
    graph.addOutput(parts[1])
    return graph
  }

  /// An int8 graph as a compilation makes it: quantized types, scales, int32 biases, a table, a float output.
  static func int8Graph() throws -> Graph {
    var random = RandomNumbers(seed: 2)
    var graph = Graph(name: "int8")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 6, 6]))
    let first = Quantization(scale: 0.1, zeroPoint: -3)
    let second = Quantization(scale: Float(1) / 3, zeroPoint: 127)
    let q = try graph.add(QuantizeLinear(first), name: "quantize", inputs: [x])[0]
    let conv = try graph.add(
      ConvInt8(window: Window(kernel: [3, 3]), group: 1, output: Int8Output(second, function: .silu, of: first)),
      name: "conv", inputs: [q] + int8Weights(8, [3, 3, 3], "conv", &graph, &random), origins: ["Conv", "Silu"])[0]
    let flat = try graph.add(Reshape(shape: [1, -1]), name: "flatten", inputs: [conv])[0]
    let logits = try graph.add(
      GemmInt8(output: nil), name: "fc", inputs: [flat] + int8Weights(7, [128], "fc", &graph, &random),
      outputNames: ["logits"])[0]
    graph.addOutput(logits)
    return graph
  }

  private static func int8Weights(
    _ channels: Int, _ rest: [Int], _ name: String, _ graph: inout Graph, _ random: inout RandomNumbers
  ) -> [ValueID?] {
    let count = channels * rest.reduce(1, *)
    let weights = (0..<count).map { _ in Int8.random(in: -127...127, using: &random) }
    let bias = (0..<channels).map { _ in Int32.random(in: -9999...9999, using: &random) }
    return [
      graph.addConstant("\(name).w", Tensor(weights, shape: [channels] + rest)),
      graph.addConstant("\(name).s", Tensor(random.floats(channels, 0.001...0.01))),
      graph.addConstant("\(name).b", Tensor(bias)),
    ]
  }

  /// A bundle with every section.
  static func full() throws -> Bundle {
    var random = RandomNumbers(seed: 3)
    var bundle = Bundle(kind: .compiled, graph: try int8Graph())
    bundle.preprocessing = ["size": 6, "mean": [0.485, 0.456, 0.406], "scale": 0.00392156862745098]
    bundle.labels = ["akiec", "bcc", "bkl", "df", "mel", "nv", "Nävus \"x\""]
    bundle.calibration = ["ranges": [["name": "x", "low": -1.5, "high": 2.25]]]
    bundle.evaluation = ["samples": 210, "top1": 0.75]
    bundle.explanation = ["temperature": 1.25]
    bundle.provenance = ["source": "9f86d081884c7d65", "recipe": ["int8"]]
    bundle.selfTest = SelfTest(
      inputs: [Tensor(random.floats(108), shape: [1, 3, 6, 6])],
      outputs: [Tensor([Float(1), -0, .infinity, .leastNonzeroMagnitude, 0.1, 1e30, -5], shape: [1, 7])])
    return bundle
  }
}
