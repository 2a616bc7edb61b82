import Bundles
import CanonicalJSON
import IR
import Math
import ONNX
import Operators
import Tensors

/// Bundles to begin with.
enum SeedBundle {
  /// A checkpoint of an ONNX model; nil for one that is refused.
  static func make(_ model: [UInt8], compression: BundleWriter.Compression) -> [UInt8]? {
    guard let graph = try? ONNXReader.read(path: ScratchFolder.put(model, "seed.onnx")).graph else { return nil }
    return try? written(Bundle(kind: .checkpoint, graph: graph), compression: compression)
  }

  /// An int8 convolution and product, as a compilation makes them, with every section.
  static func quantized(compression: BundleWriter.Compression = .none) throws -> [UInt8] {
    var graph = Graph(name: "int8")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 6, 6]))
    let first = Quantization(scale: 0.1, zeroPoint: -3)
    let second = Quantization(scale: 0.25, zeroPoint: 100)
    let q = try graph.add(QuantizeLinear(first), name: "quantize", inputs: [x])[0]
    let conv = try graph.add(
      ConvInt8(window: Window(kernel: [3, 3]), group: 1, output: Int8Output(second, function: .silu, of: first)),
      name: "conv", inputs: [q] + weights(4, [3, 3, 3], "conv", &graph), origins: ["Conv", "Silu"])[0]
    let flat = try graph.add(Reshape(shape: [1, -1]), name: "flatten", inputs: [conv])[0]
    let logits = try graph.add(
      GemmInt8(output: nil), name: "fc", inputs: [flat] + weights(3, [64], "fc", &graph), outputNames: ["logits"])[0]
    graph.addOutput(logits)
    var bundle = Bundle(kind: .compiled, graph: graph)
    bundle.preprocessing = ["size": [6, 6], "mean": [0.485, 0.456, 0.406], "scale": 0.00392156862745098]
    bundle.labels = ["akiec", "mel", "nv"]
    bundle.answer = [
      "output": "logits", "task": "multilabel", "scores": "logits", "count": 3, "thresholds": [0.5, 0.25, 0.75],
    ]
    bundle.calibration = ["samples": 13, "seed": 0]
    bundle.evaluation = ["samples": 210, "top1": 0.75]
    bundle.explanation = ["temperature": 1.25]
    bundle.provenance = ["source": "9f86d081884c7d65", "recipe": ["int8": true]]
    bundle.selfTest = SelfTest(
      inputs: [Tensor((0..<108).map { Float($0) / 50 - 1 }, shape: [1, 3, 6, 6])],
      outputs: [Tensor([Float(1), -0, 30], shape: [1, 3])])
    return try written(bundle, compression: compression)
  }

  private static func weights(_ channels: Int, _ rest: [Int], _ name: String, _ graph: inout Graph) -> [ValueID?] {
    let count = channels * rest.reduce(1, *)
    return [
      graph.addConstant("\(name).w", Tensor((0..<count).map { Int8($0 % 200 - 100) }, shape: [channels] + rest)),
      graph.addConstant("\(name).s", Tensor((0..<channels).map { 0.001 * Float($0 + 1) })),
      graph.addConstant("\(name).b", Tensor((0..<channels).map { Int32($0 * 100) })),
    ]
  }

  private static func written(_ bundle: Bundle, compression: BundleWriter.Compression) throws -> [UInt8] {
    let path = "\(ScratchFolder.path)/seed.derm"
    try BundleWriter.write(bundle, to: path, compression: compression)
    return try MappedFile.contents(of: path)
  }
}
