import IR
import Math
import Operators

/// What a graph's output ends in: the function that tells what its numbers are.
enum OutputEnding: Sendable {
  case softmax
  case logSoftmax
  case sigmoid
  /// Rounded to whole numbers: a decision, not scores.
  case rounded
  case other

  /// Looks backwards from a value, through what only moves its elements or keeps them within 0 to 1.
  init(of value: ValueID, in graph: Graph) {
    var value = value
    while let node = graph.producer(of: value) {
      switch node.op {
      case is Softmax:
        self = .softmax
        return
      case is LogSoftmax:
        self = .logSoftmax
        return
      case let unary as Unary:
        switch unary.function {
        case .sigmoid:
          self = .sigmoid
          return
        case .round:
          self = .rounded
          return
        case .identity, .clip(0, 1...): break
        case .clip(let lower, let upper) where lower >= 0 && lower < 0.01 && upper > 0.99 && upper <= 1: break
        default:
          self = .other
          return
        }
      case let lookup as LookupInt8:
        guard lookup.function == .sigmoid else {
          self = .other
          return
        }
        self = .sigmoid
        return
      case let division as Binary where division.function == .div:
        self = OutputEnding.isSoftmax(node, in: graph) ? .softmax : .other
        return
      case is Reshape, is Transpose, is Cast, is DequantizeLinear, is QuantizeLinear: break
      default:
        self = .other
        return
      }
      guard let input = node.inputs.first ?? nil else { break }
      value = input
    }
    self = .other
  }

  /// Whether a division is the last step of a softmax that was exported in its parts: exp(x) / sum of exp(x).
  private static func isSoftmax(_ division: Node, in graph: Graph) -> Bool {
    guard division.inputs.count == 2, let exponential = division.inputs[0], let sum = division.inputs[1],
      (graph.producer(of: exponential)?.op as? Unary)?.function == .exp,
      let reduction = graph.producer(of: sum), (reduction.op as? Reduce)?.function == .sum
    else { return false }
    return reduction.inputs.first == exponential
  }
}
