package import Answers
package import IR
import Math
import Operators
package import Tensors

/// The number of a network that speaks for a class: its logit, before the softmax or logistic function that makes a
/// probability of it.
package struct ClassScore: Sendable {
  /// The value whose elements are the logits.
  package let logits: ValueID
  private let meaning: OutputMeaning

  /// - Parameter output: the value of the output that decides
  package init(_ graph: Graph, output: ValueID, _ meaning: OutputMeaning) {
    logits = ClassScore.logits(of: output, in: graph)
    self.meaning = meaning
  }

  /// What the gradient of a class's score is with respect to the logits: 1 at its own, or -1 at that of the other class
  /// where a single number speaks of two.
  package func seed(ofClass index: Int, count: Int) -> [Float] {
    var seed = [Float](repeating: 0, count: count)
    if meaning.isSingleScore {
      seed[0] = index == 1 ? 1 : -1
    } else {
      seed[index] = 1
    }
    return seed
  }

  /// A class's score among the logits of a network.
  package func value(_ logits: [Float], ofClass index: Int) -> Float {
    meaning.isSingleScore ? (index == 1 ? logits[0] : -logits[0]) : logits[index]
  }

  /// Makes the logits an output in float; its position.
  package func addOutput(to graph: inout Graph) throws(Refusal) -> Int {
    let isInt8 = graph.type(of: logits).quantization != nil
    graph.addOutput(isInt8 ? try graph.add(DequantizeLinear(), name: "logits in float", inputs: [logits])[0] : logits)
    return graph.outputs.count - 1
  }

  /// Backwards through what makes probabilities of logits and what leaves each number where it is.
  private static func logits(of output: ValueID, in graph: Graph) -> ValueID {
    var value = output
    while let node = graph.producer(of: value), let input = node.inputs.first ?? nil, isPassed(node, graph, input) {
      value = input
    }
    return value
  }

  private static func isPassed(_ node: Node, _ graph: Graph, _ input: ValueID) -> Bool {
    switch node.op {
    case is Softmax, is LogSoftmax, is QuantizeLinear, is DequantizeLinear, is Reshape: return true
    case let unary as Unary: return isPassed(unary.function)
    case let lookup as LookupInt8: return isPassed(lookup.function)
    // Of numbers along one dimension it moves none.
    case is Transpose: return graph.type(of: input).shape.count { $0 != 1 } <= 1
    default: return false
    }
  }

  private static func isPassed(_ function: UnaryFunction) -> Bool {
    switch function {
    case .sigmoid, .identity: true
    // Keras cuts probabilities to 1e-7 and 1 - 1e-7.
    case .clip(let lower, let upper): (0...0.001).contains(lower) && (0.999...1).contains(upper)
    default: false
    }
  }
}
