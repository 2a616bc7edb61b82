import IR
import Operators
import Tensors

/// Softmax over the last dimension, and its logarithm.
enum Softmaxes: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "LOG_SOFTMAX": { node throws(Refusal) in
      try node.finish(LogSoftmax(axis: -1), [try node.symbol(try node.input(0, "x"))])
    },
    "SOFTMAX": softmax,
  ]

  private static let beta = 0

  /// softmax(beta * x)
  private static func softmax(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    var x = try node.symbol(try node.input(0, "x"))
    let beta = try node.float(beta)
    if beta != 1 {
      x = try node.add(step: "scaled", Binary(.mul), [x, node.constant("beta", Tensor(scalar: beta))])
    }
    return try node.finish(Softmax(axis: -1), [x])
  }
}
