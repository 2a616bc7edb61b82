import Bundles
import CanonicalJSON
import DermRuntime
import Glibc
import IR
import Images
import Math
import Operators
import Runtime
import Tensors
import Testing

/// A bundle of one 1x1 convolution over a 3-channel 4x4 image, averaged: two classes.
private func writeBundle(to path: String) throws -> Graph {
  var graph = Graph(name: "tiny")
  let x = graph.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
  let w = graph.addConstant("w", Tensor([1, 0, -1, 0.5, 0.25, 2] as [Float], shape: [2, 3, 1, 1]))
  let y = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "conv", inputs: [x, w])[0]
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [y])[0]
  graph.addOutput(try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0])
  var bundle = Bundle(kind: .compiled, graph: graph)
  bundle.labels = ["benign", "malignant"]
  bundle.preprocessing = [
    "size": [4, 4], "scale": 0.00392156862745098, "mean": [0], "std": [1], "channels": "rgb", "resize": "direct",
  ]
  try BundleWriter.write(bundle, to: path)
  return graph
}

/// The same in int8: what quantizes the input may be left to whoever writes it.
private func writeInt8Bundle(to path: String, size: Int) throws -> (graph: Graph, preprocessing: Preprocessing) {
  var graph = Graph(name: "tiny")
  let x = graph.addInput("x", TensorType(.float32, [1, 3, size, size]))
  let quantized = try graph.add(
    QuantizeLinear(Quantization(scale: 0.017, zeroPoint: -11)), name: "quantize", inputs: [x])[0]
  let w = graph.addConstant("w", Tensor((0..<54).map { Int8($0 * 5 % 227 - 100) }, shape: [2, 3, 3, 3]))
  let scales = graph.addConstant("s", Tensor([0.004, 0.002] as [Float], shape: [2]))
  let window = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
  let y = try graph.add(
    ConvInt8(window: window, group: 1, output: nil), name: "conv", inputs: [quantized, w, scales])[0]
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [y])[0]
  graph.addOutput(try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0])
  var bundle = Bundle(kind: .compiled, graph: graph)
  let preprocessing = try Preprocessing(
    height: size, width: size, scale: 1.0 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  bundle.preprocessing = preprocessing.json
  try BundleWriter.write(bundle, to: path)
  return (graph, preprocessing)
}

private func temporaryPath() -> String {
  let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  return "\(folder)/derm-model-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).derm"
}

@Suite struct DermModelTests {
  @Test func runsABundle() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    let model = try DermModel(path: path)
    #expect(model.labels == ["benign", "malignant"])
    #expect(model.inputShape == [1, 3, 4, 4])
    #expect(model.outputShape == [1, 2])
    let input = [Float](repeating: 1, count: 16) + [Float](repeating: 2, count: 16) + [Float](repeating: 3, count: 16)
    #expect(try model.run(input) == [1 - 3, 0.5 + 0.5 + 6])
    #expect(try model.run(input) == model.run(input))
  }

  /// Inputs quantized while they are written give the bits of a plan that quantizes floats.
  @Test(arguments: [16, 19]) func int8InputsSkipFloats(size: Int) throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let (graph, preprocessing) = try writeInt8Bundle(to: path, size: size)
    let model = try DermModel(path: path)
    #expect(model.inputShape == [1, 3, size, size])
    let file =
      #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
      + "/fixtures/images/eval/nv/001.jpg"
    let pixels = try preprocessing.apply(try Image(path: file), layout: .rowMajor)

    let plan = try Plan(graph, math: KernelMath())
    #expect(plan.inputs[0].type.element == .float32)
    let executor = Executor(plan, workers: Workers(threads: 1))
    pixels.withUnsafeBytes { executor.write($0, toInput: 0) }
    executor.run()
    let expected = Array(executor.output(0).elements(Float.self))
    #expect(expected[0] != expected[1])
    #expect(try model.run(pixels) == expected)
    let exponentials = expected.map { expf($0 - max(expected[0], expected[1])) }
    #expect(try model.classify(imageAt: file) == exponentials.map { $0 / (exponentials[0] + exponentials[1]) })
  }

  @Test func refusesWhatDoesNotFit() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try writeBundle(to: path)
    let model = try DermModel(path: path)
    #expect(throws: DermError.self) { try model.run([1, 2, 3]) }
    #expect(throws: DermError.self) { try model.classify(imageAt: "no such image") }
    #expect(throws: DermError.self) { try model.classify(imageBytes: [1, 2, 3]) }
    #expect(throws: DermError.self) { try DermModel(path: "no such bundle") }
  }
}
