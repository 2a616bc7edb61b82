import Operators
import Tensors

/// Nodes that hand on their first input.
enum Identities: ONNXFamily {
  static let limits = "Dropout in inference"
  static let readers: [String: NodeReader] = [
    "Dropout": dropout,
    "Identity": { node throws(Refusal) in try node.identity() },
  ]

  private static func dropout(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("ratio", "seed", "is_test", "consumed_inputs")
    if let mode = try node.constant(2, "training_mode"), mode.integers()?.contains(where: { $0 != 0 }) ?? false {
      throw Refusal("is in training mode", remedy: "export the model in inference mode")
    }
    // Nothing is dropped: all elements are kept.
    guard node.usesOutput(1) else { return try node.identity() }
    let shape = try node.input(0, "x").shape
    let kept = node.constant("kept", Tensor([true], shape: shape.map { _ in 1 }))
    return try node.identity() + [try node.add(step: "mask", Expand(shape: shape), [kept])]
  }
}

extension NodeImport {
  /// The same value under another name. A constant becomes another constant: exporters write parameters that happen
  /// to be equal as one initializer and an Identity for each of the others.
  func identity() throws(Refusal) -> [Symbol] {
    let x = try input(0, "x")
    guard let constant = x.constant else { return [x] }
    return result(constant)
  }
}
