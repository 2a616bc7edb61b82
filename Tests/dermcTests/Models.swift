import IR
import Math
import ONNX
import Operators
import Tensors

/// Small ONNX models that tests make.
enum Models {
  /// The shapes a classifier of ten classes may give its answer in.
  enum Answer: CaseIterable {
    case rows, squeezed, transposed

    /// For one image.
    var shape: [Int] {
      switch self {
      case .rows: [1, 10]
      case .squeezed: [10]
      case .transposed: [10, 1]
      }
    }
  }

  /// A convolution, global average pooling and a fully connected layer over images [1, 3, 8, 8], or [3, 8, 8].
  static func classifier(answering answer: Answer, hasBatch: Bool = true, classes: Int = 10, to path: String) throws {
    var graph = Graph(name: "classifier")
    var x = graph.addInput("x", TensorType(.float32, hasBatch ? [1, 3, 8, 8] : [3, 8, 8]))
    if !hasBatch { x = try graph.add(Reshape(shape: [1, 3, 8, 8]), name: "batch", inputs: [x])[0] }
    let w = graph.addConstant("w", numbers([6, 3, 3, 3]))
    x = try graph.add(
      Conv(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1])), name: "conv", inputs: [x, w])[0]
    x = try graph.add(Unary(.relu), name: "relu", inputs: [x])[0]
    x = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    x = try graph.add(Reshape(shape: [1, 6]), name: "flat", inputs: [x])[0]
    x = try graph.add(Gemm(), name: "scores", inputs: [x, graph.addConstant("v", numbers([classes, 6]))])[0]
    let shape = hasBatch ? answer.shape : [classes]
    if shape.count == 1 { x = try graph.add(Reshape(shape: shape), name: "squeeze", inputs: [x])[0] }
    if answer == .transposed { x = try graph.add(Transpose(perm: [1, 0]), name: "turn", inputs: [x])[0] }
    graph.addOutput(x)
    try ONNXWriter.write(graph, to: path)
  }

  /// A convolution of images [1, 3, 8, 8], averaged, beside three numbers `metadata` and one `age`: all into three
  /// classes.
  static func withMetadata(to path: String) throws {
    var graph = Graph(name: "image and metadata")
    let image = graph.addInput("image", TensorType(.float32, [1, 3, 8, 8]))
    let metadata = graph.addInput("metadata", TensorType(.float32, [1, 3]))
    let age = graph.addInput("age", TensorType(.float32, [1, 1]))
    let w = graph.addConstant("w", numbers([6, 3, 3, 3]))
    var x = try graph.add(Conv(window: Window(kernel: [3, 3])), name: "conv", inputs: [image, w])[0]
    x = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    x = try graph.add(Reshape(shape: [1, 6]), name: "flat", inputs: [x])[0]
    let others = try graph.add(Concat(axis: 1), name: "others", inputs: [metadata, age])[0]
    let v = graph.addConstant("v", numbers([6, 4], from: 1))
    let embedded = try graph.add(Gemm(), name: "embed", inputs: [others, v])[0]
    x = try graph.add(Concat(axis: 1), name: "all", inputs: [x, embedded])[0]
    graph.addOutput(
      try graph.add(
        Gemm(), name: "scores", inputs: [x, graph.addConstant("u", numbers([3, 12], from: 2))],
        outputNames: ["scores"])[0])
    try ONNXWriter.write(graph, to: path)
  }

  /// Layers over tokens [1, 5, 8]: products with constant matrices and a bias after each.
  static func tokens(to path: String) throws {
    var graph = Graph(name: "tokens")
    var x = graph.addInput("x", TensorType(.float32, [1, 5, 8]))
    for layer in 0..<3 {
      let w = graph.addConstant("w\(layer)", numbers([8, 8], from: layer))
      x = try graph.add(Gemm(transB: false), name: "product\(layer)", inputs: [x, w])[0]
      let b = graph.addConstant("b\(layer)", numbers([8], from: layer + 3))
      x = try graph.add(Binary(.add), name: "bias\(layer)", inputs: [x, b])[0]
      x = try graph.add(Unary(.relu), name: "relu\(layer)", inputs: [x])[0]
    }
    graph.addOutput(x)
    try ONNXWriter.write(graph, to: path)
  }

  /// Numbers between -1 and 1 without a pattern a layer could cancel.
  static func numbers(_ shape: [Int], from first: Int = 0) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(
      (0..<count).map { index in Float(((index + 7 * first) * 7919 + 104_729) % 2003) / 1001.5 - 1 }, shape: shape)
  }
}
