import IR
import Math
import Operators
import Tensors

/// Tensors one after the other along a dimension there is, or a new one.
enum Concatenations: TFLiteFamily {
  static let readers: [String: OperatorReader] = ["CONCATENATION": concatenation, "PACK": pack]

  private enum ConcatenationField { static let axis = 0, activation = 1 }
  private enum PackField { static let axis = 1 }

  private static func concatenation(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let values = try node.allInputs()
    let order = node.order(of: values)
    let axis = try node.axis(try node.int(ConcatenationField.axis), rank: values[0].rank)
    let activation = try node.activation(ConcatenationField.activation)
    guard values.count > 1 || activation != .identity else { return try node.pass(values[0]) }
    return try node.finish(
      Concat(axis: order.place(of: axis)), try node.symbols(values, order), order, activation: activation)
  }

  private static func pack(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let values = try node.allInputs()
    let axis = try node.axis(try node.int(PackField.axis), rank: values[0].rank + 1)
    var parts: [Symbol] = []
    for (index, value) in values.enumerated() {
      let part = try node.symbol(value)
      guard part.shape.count >= axis else { throw Refusal("input \(index) has shape \(part.shape)") }
      var shape = part.shape
      shape.insert(1, at: axis)
      if values.count == 1 { return try node.finish(Reshape(shape: shape), [part]) }
      parts.append(try node.add(step: "part_\(index)", Reshape(shape: shape), [part]))
    }
    return try node.finish(Concat(axis: axis), parts)
  }
}
