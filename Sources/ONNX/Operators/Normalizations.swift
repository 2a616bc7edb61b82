import IR
import Operators
import Tensors

/// Normalisations by means and deviations, and across channels.
enum Normalizations: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "BatchNormalization": batch,
    "InstanceNormalization": instance,
    "LayerNormalization": layer,
    "LRN": { node throws(Refusal) in try node.add(reading: LRN.self, [try node.input(0, "x")]) },
  ]

  private static func batch(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("momentum", "consumed_inputs", "is_test")
    try node.expect("training_mode", 0)
    try node.expect("spatial", 1)
    guard !(1..<max(1, node.outputCount)).contains(where: node.usesOutput) else {
      throw Refusal("is in training mode", remedy: "export the model in inference mode")
    }
    var inputs: [Symbol] = []
    for (index, role) in ["x", "scale", "bias", "mean", "variance"].enumerated() {
      inputs.append(try node.input(index, role))
    }
    return try node.add(reading: BatchNormalization.self, inputs)
  }

  private static func instance(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs")
    return try node.add(
      reading: InstanceNormalization.self,
      [try node.input(0, "x"), try node.input(1, "scale"), try node.input(2, "bias")])
  }

  private static func layer(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("stash_type")
    guard !node.usesOutput(1), !node.usesOutput(2) else {
      throw Refusal("its mean and deviation outputs are not supported")
    }
    return try node.add(
      reading: LayerNormalization.self, [try node.input(0, "x"), try node.input(1, "scale"), node.optional(2)])
  }
}

extension BatchNormalization: ONNXWritable {}
extension InstanceNormalization: ONNXWritable {}
extension LayerNormalization: ONNXWritable {}
extension LRN: ONNXWritable {}

extension ScaleShift: ONNXWritable {
  var opset: Int { activation.onnx.opset }

  /// A BatchNormalization of mean 0 and variance 1.
  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      let channels = emission.graph.type(of: node.outputs[0]).shape[1]
      let mean = emission.constant(node, "mean", Tensor([Float](repeating: 0, count: channels)))
      let variance = emission.constant(node, "variance", Tensor([Float](repeating: 1, count: channels)))
      emission.add(
        "BatchNormalization", name: node.name, inputs: emission.names(node.inputs) + [mean, variance],
        outputs: [result], ["epsilon": .float(0)])
    }
  }
}
