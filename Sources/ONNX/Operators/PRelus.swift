import Operators
import Tensors

/// PRelu, the same in ONNX as here.
enum PRelus: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "PRelu": { node throws(Refusal) in try node.add(reading: PRelu.self) }
  ]
}

extension PRelu: ONNXWritable {}
