import IR
import Operators
import Tensors

/// Pads [begin, end] for each dimension, as an input.
enum Paddings: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "MIRROR_PAD": mirror,
    "PAD": { node throws(Refusal) in try pad(&node, .constant) },
    "PADV2": { node throws(Refusal) in
      guard let value = try node.constant(2, "value"), value.count == 1 else {
        throw Refusal("input 2 (value) is missing or not one number")
      }
      return try pad(&node, .constant, value: Float(value.doubles()[0]))
    },
  ]

  private static let mirrorMode = 0

  private static func pad(
    _ node: inout NodeImport, _ mode: Pad.Mode, value: Float = 0
  ) throws(Refusal) -> [TensorValue] {
    let x = try node.input(0, "x")
    let order = node.order(of: [x])
    let pads = try pads(node, rank: x.rank)
    let arranged = order.arrange(pads)
    let op = Pad(pads: arranged.map(\.begin) + arranged.map(\.end), mode: mode, value: value)
    return try node.finish(op, [try node.symbol(x, order)], order)
  }

  /// SYMMETRIC repeats the edge, REFLECT does not.
  private static func mirror(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    guard try node.choice(mirrorMode) == 1 else { return try pad(&node, .reflect) }
    let pads = try pads(node, rank: try node.input(0, "x").rank)
    guard pads.allSatisfy({ $0.begin <= 1 && $0.end <= 1 }) else {
      throw Refusal("symmetric padding of more than one element is not supported")
    }
    return try pad(&node, .edge)
  }

  private static func pads(_ node: NodeImport, rank: Int) throws(Refusal) -> [(begin: Int, end: Int)] {
    let numbers = try node.ints(input: 1, "pads")
    guard numbers.count == 2 * rank else {
      throw Refusal("has \(numbers.count) pads, an input of \(rank) dimensions needs \(2 * rank)")
    }
    return (0..<rank).map { (numbers[2 * $0], numbers[2 * $0 + 1]) }
  }
}
