import IR
import Operators
import Tensors

/// Softmax and its logarithm.
enum Softmaxes: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "LogSoftmax": { node throws(Refusal) in try softmax(&node) { LogSoftmax(axis: $0) } },
    "Softmax": { node throws(Refusal) in try softmax(&node) { Softmax(axis: $0) } },
  ]

  /// Before opset 13 all dimensions from `axis` on count as one.
  private static func softmax<Op: Operator>(
    _ node: inout NodeImport, _ op: (_ axis: Int) -> Op
  ) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let rank = x.shape.count
    let given = try node.int("axis", default: node.opset < 13 ? 1 : -1)
    if node.opset >= 13 { return try node.add(op(given), [x]) }
    let axis = given == rank ? rank : try node.axis(given, rank: rank)
    if axis < rank, x.shape[(axis + 1)...].allSatisfy({ $0 == 1 }) { return try node.add(op(axis), [x]) }
    let rows = x.shape[..<axis].reduce(1, *)
    let columns = x.shape[axis...].reduce(1, *)
    let matrix = try node.add(step: "matrix", Reshape(shape: [rows, columns]), [x])
    let result = try node.add(step: "rows", op(1), [matrix])
    return try node.add(Reshape(shape: x.shape), [result])
  }
}

extension LogSoftmax: ONNXWritable {}
extension Softmax: ONNXWritable {}
