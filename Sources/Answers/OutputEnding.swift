import IR
import Math
import Operators
import Tensors

/// What a graph's output ends in: the function that tells what its numbers are.
enum OutputEnding: Sendable {
  case softmax
  /// A softmax along the batch: the answer for one image depends on the others.
  case softmaxOverBatch
  case logSoftmax
  case sigmoid
  /// Rounded to whole numbers: a decision, not scores.
  case rounded
  /// Never below zero: no logits.
  case notNegative
  case other

  /// Looks backwards from a value, through what only moves its elements or keeps them within 0 to 1.
  init(of value: ValueID, in graph: Graph) {
    var value = value
    var isClamped = false
    while let node = graph.producer(of: value) {
      guard let step = OutputEnding.step(node, graph) else { break }
      switch step {
      case .ends(let ending):
        self = ending
        return
      case .goesOn(let input, let clamps):
        value = input
        isClamped = isClamped || clamps
      }
    }
    self = isClamped ? .notNegative : .other
  }

  private enum Step {
    case ends(OutputEnding)
    /// - Parameter clamps: whether what comes after is never below zero
    case goesOn(ValueID, clamps: Bool = false)
  }

  /// What a node tells; nil where it hides what comes before.
  private static func step(_ node: Node, _ graph: Graph) -> Step? {
    guard let input = node.inputs.first ?? nil else { return nil }
    switch node.op {
    case let softmax as Softmax:
      return .ends(isOverBatch(softmax, graph.type(of: input), graph) ? .softmaxOverBatch : .softmax)
    case is LogSoftmax: return .ends(.logSoftmax)
    case let unary as Unary: return step(unary.function, input)
    case let lookup as LookupInt8: return step(lookup.function, input)
    case let division as Binary where division.function == .div:
      return isSoftmax(node, in: graph) ? .ends(.softmax) : nil
    case let difference as Binary where difference.function == .sub:
      // 1 - p is a probability where p is one.
      guard isOne(graph.constant(input)), let other = node.inputs.last ?? nil,
        case .sigmoid = OutputEnding(of: other, in: graph)
      else { return nil }
      return .ends(.sigmoid)
    case is Reshape, is Transpose, is Cast, is DequantizeLinear, is QuantizeLinear: return .goesOn(input)
    default: return nil
    }
  }

  private static func step(_ function: UnaryFunction, _ input: ValueID) -> Step? {
    switch function {
    case .sigmoid: .ends(.sigmoid)
    case .round: .ends(.rounded)
    case .identity: .goesOn(input)
    // Keras cuts probabilities to 1e-7 and 1 - 1e-7.
    case .clip(let lower, let upper) where (0...0.001).contains(lower) && upper >= 0.999: .goesOn(input, clamps: true)
    case .softplus, .exp, .abs: .ends(.notNegative)
    default: nil
    }
  }

  private static func isOverBatch(_ softmax: Softmax, _ type: TensorType, _ graph: Graph) -> Bool {
    graph.hasFreeBatch && type.rank > 1 && (softmax.axis == 0 || softmax.axis == -type.rank)
  }

  private static func isOne(_ constant: Tensor?) -> Bool {
    guard let values = constant?.floats(), !values.isEmpty else { return false }
    return values.allSatisfy { $0 == 1 }
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
