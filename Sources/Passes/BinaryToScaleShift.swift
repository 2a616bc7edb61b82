import IR
import Operators
import Tensors

extension Pass {
  /// Sees arithmetic with a constant per channel, or one number, as a channelwise scaling.
  ///
  ///     y = x * c    ->   y = ScaleShift(x, c, 0)          y = x + c   ->   y = ScaleShift(x, 1, c)
  ///     y = x / c    ->   y = ScaleShift(x, 1 / c, 0)      y = x - c   ->   y = ScaleShift(x, 1, -c)
  ///     y = c - x    ->   y = ScaleShift(x, -1, c)
  ///
  /// Conditions: the constant varies along dimension 1 only, and its numbers (reciprocals for /) are finite.
  /// Formula: as above; 1 / c is rounded once, so x / c may differ in the last bit.
  package static let binaryToScaleShift = Pass(
    "binary-to-scale-shift", "see arithmetic with a constant per channel as a channelwise scaling"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let binary = node.op as? Binary,
        let (x, constant, isLeft) = graph.constantOperand(of: node), graph.type(of: x).element == .float32
      else { continue }
      let shape = graph.shape(x)
      guard shape.count >= 2, let numbers = graph.constant(constant, along: 1, of: shape) else { continue }
      guard numbers.count <= channelLimit else {
        log.noEffect(node, "a number for each of \(numbers.count) elements would be stored twice")
        continue
      }
      let scale: [Double]
      let shift: [Double]
      let zeros = [Double](repeating: 0, count: numbers.count)
      let ones = [Double](repeating: 1, count: numbers.count)
      switch binary.function {
      case .mul: (scale, shift) = (numbers, zeros)
      case .add: (scale, shift) = (ones, numbers)
      case .sub: (scale, shift) = isLeft ? (ones.map { -$0 }, numbers) : (ones, numbers.map { -$0 })
      case .div where !isLeft: (scale, shift) = (numbers.map { 1 / $0 }, zeros)
      default: continue
      }
      guard (scale + shift).allSatisfy({ Float($0).isFinite }) else {
        log.refused(node, "its constant is not finite, or a divisor is 0")
        continue
      }
      try graph.rewrite(
        node, as: ScaleShift(activation: binary.activation),
        inputs: [
          x, graph.addFloats(scale, name: "\(node.name)_scale"), graph.addFloats(shift, name: "\(node.name)_shift"),
        ])
      log.applied(node, "\(binary.function.rawValue) with a constant")
    }
  }

  /// Beyond this, dimension 1 is not channels but a flattened image.
  private static let channelLimit = 1 << 14
}
