import Bundles
import CanonicalJSON
import DermRuntime
import Glibc
import IR
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
