import IR
import Operators
import Tensors

/// Poolings by windows. Averages are of the positions inside the image.
enum Pools: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "AVERAGE_POOL_2D": { node throws(Refusal) in try pool(&node) { AveragePool(window: $0) } },
    "MAX_POOL_2D": { node throws(Refusal) in try pool(&node) { MaxPool(window: $0) } },
  ]

  private enum Field {
    static let padding = 0, strideWidth = 1, strideHeight = 2, width = 3, height = 4, activation = 5
  }

  private static func pool<Pool: Operator>(
    _ node: inout NodeImport, _ op: (Window) -> Pool
  ) throws(Refusal) -> [TensorValue] {
    let x = try node.images(0, "input")
    let window = try node.window(
      x, kernel: [try node.int(Field.height), try node.int(Field.width)],
      strides: [try node.int(Field.strideHeight), try node.int(Field.strideWidth)],
      padding: try node.choice(Field.padding))
    return try node.finish(op(window), [x], .channelsFirst, activation: try node.activation(Field.activation))
  }
}
