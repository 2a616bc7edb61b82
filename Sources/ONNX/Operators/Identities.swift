import Tensors

/// Nodes that hand on their first input.
enum Identities: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "Dropout": dropout,
    "Identity": { node throws(Refusal) in try node.identity() },
  ]

  private static func dropout(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("ratio", "seed", "is_test", "consumed_inputs")
    if let mode = try node.constant(2, "training_mode"), mode.integers()?.contains(where: { $0 != 0 }) ?? false {
      throw Refusal("is in training mode", remedy: "export the model in inference mode")
    }
    return try node.identity()
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
