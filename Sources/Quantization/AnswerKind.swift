import IR
import Math
import Operators
import Tensors

/// What the numbers of a network's output say, which decides what a change of them costs.
///
/// For each kind there is a random change v of the output with E v v' = F, where 1/2 dz' F dz is what a small change dz
/// of the output z costs: the divergence KL(z || z + dz) of the answer, to second order. e is a vector of independent
/// numbers with mean 0 and variance 1.
package enum AnswerKind: Sendable, CaseIterable {
  /// Logits of classes, p = softmax(z): F = diag(p) - p p', v = sqrt(p) e - p * sum of sqrt(p) e.
  case classLogits
  /// Probabilities of classes: F = diag(1 / p), v = e / sqrt(p).
  case classProbabilities
  /// Logits of findings that are there or not, p = sigmoid(z): F = diag(p (1 - p)).
  case labelLogits
  /// Probabilities of such findings: F = diag(1 / (p (1 - p))).
  case labelProbabilities
  /// Numbers that decide nothing; what counts is the squared error relative to the square: F = 2 / |z|^2.
  case numbers

  /// Probabilities below this count as this much: it is divided by their roots.
  private static let leastProbability: Float = 1e-30

  /// Adds the steps that compute v, of the output's type.
  ///
  /// - Parameters:
  ///   - output: z, float32
  ///   - noise: e, [samples in a run, numbers of one]
  func addChange(of output: ValueID, noise: ValueID, to graph: inout Graph) throws(Refusal) -> ValueID {
    var steps = Steps(graph: graph)
    let shape = graph.type(of: output).shape
    let z = try steps.add(Reshape(shape: graph.type(of: noise).shape, allowZero: true), output)
    let change = try change(of: z, noise, &steps)
    let result = try steps.add(Reshape(shape: shape, allowZero: true), change)
    graph = steps.graph
    return result
  }

  private func change(of z: ValueID, _ e: ValueID, _ steps: inout Steps) throws(Refusal) -> ValueID {
    let least = UnaryFunction.clip(lower: AnswerKind.leastProbability, upper: .infinity)
    switch self {
    case .classLogits:
      let p = try steps.add(Softmax(axis: 1), z)
      let part = try steps.add(Binary(.mul), steps.add(Unary(.sqrt), p), e)
      let sum = try steps.add(Reduce(.sum, axes: [1]), part)
      return try steps.add(Binary(.sub), part, steps.add(Binary(.mul), p, sum))
    case .classProbabilities:
      return try steps.add(Binary(.div), e, steps.add(Unary(.sqrt), steps.add(Unary(least), z)))
    case .labelLogits:
      let variance = try steps.variance(of: steps.add(Unary(.sigmoid), z))
      return try steps.add(Binary(.mul), steps.add(Unary(.sqrt), variance), e)
    case .labelProbabilities:
      let variance = try steps.add(Unary(least), steps.variance(of: z))
      return try steps.add(Binary(.div), e, steps.add(Unary(.sqrt), variance))
    case .numbers:
      let square = try steps.add(Unary(least), steps.add(Reduce(.sumSquare, axes: [1]), z))
      let half = try steps.add(Binary(.mul), square, steps.graph.addConstant("half", Tensor(scalar: Float(0.5))))
      return try steps.add(Binary(.div), e, steps.add(Unary(.sqrt), half))
    }
  }

  /// Steps that have one output.
  private struct Steps {
    var graph: Graph

    mutating func add(_ op: any Operator, _ inputs: ValueID...) throws(Refusal) -> ValueID {
      try graph.add(op, name: "change of the answer", inputs: inputs)[0]
    }

    /// p (1 - p)
    mutating func variance(of p: ValueID) throws(Refusal) -> ValueID {
      let one = graph.addConstant("one", Tensor(scalar: Float(1)))
      return try add(Binary(.mul), p, add(Binary(.sub), one, p))
    }
  }
}
