import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Sees activations that a model spells out as the functions they are.
  ///
  ///     s = sigmoid(x); y = x * s                               ->   y = silu(x)
  ///     t = clip(x + 3, 0, 6); y = x * t / 6                    ->   y = hard_swish(x)
  ///     t = clip(x + 3, 0, 6); y = t / 6                        ->   y = hard_sigmoid(x, 1 / 6, 1 / 2)
  ///     e = erf(x / sqrt(2)); y = x * (1 + e) / 2               ->   y = gelu(x)
  ///     t = tanh(softplus(x)); y = x * t                        ->   y = mish(x)
  ///     y = log(1 + exp(x))                                     ->   y = softplus(x)
  ///     y = 1 / (1 + exp(-x))                                   ->   y = sigmoid(x)
  ///     y = max(x, l), min(x, u)                                ->   y = clip(x, l, inf), clip(x, -inf, u)
  ///     y = max(x, a * x), 0 < a < 1; PRelu(x, a)               ->   y = leaky_relu(x, a)
  ///
  /// Factors and summands may stand in any order and grouping. Conditions: constants are single numbers, equal to those
  /// of the function within 1e-5; intermediate values used elsewhere stay for those uses.
  /// Formula: the same function, computed by its own kernel; differs by rounding.
  package static let recogniseActivations = Pass("recognise-activations", "see spelled-out activations as functions") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let output = node.outputs.first, graph.type(of: output).element == .float32,
        let (function, x) = Spelling(graph).function(of: node), graph.shape(x) == graph.shape(output)
      else { continue }
      let activation = (node.op as? any ActivationCarrying)?.activation ?? .identity
      guard activation == .identity else {
        log.refused(node, "\(function.stored.name) is followed by \(activation.stored.name) in one operator")
        continue
      }
      try graph.rewrite(node, as: Unary(function), inputs: [x])
      log.applied(node, function.stored.name)
    }
  }
}

/// Reads arithmetic on one value as a function of it.
private struct Spelling {
  let graph: Graph

  init(_ graph: Graph) {
    self.graph = graph
  }

  /// The function a node computes with those before it, and of what; nil when it is none, or already stands there.
  func function(of node: Node) -> (UnaryFunction, ValueID)? {
    guard let output = node.outputs.first else { return nil }
    switch node.op {
    case let binary as Binary:
      return bound(binary, node) ?? leak(binary, node) ?? reciprocal(binary, node) ?? product(output)
    case is PRelu: return sharedSlope(node)
    case let unary as Unary:
      switch unary.function {
      case .clip: return product(output)
      case .log: return softplus(node)
      case .reciprocal: return graph.input(node, 0).flatMap(sigmoid)
      default: return nil
      }
    default: return nil
    }
  }

  // MARK: Forms

  /// max(x, l) and min(x, u).
  private func bound(_ binary: Binary, _ node: Node) -> (UnaryFunction, ValueID)? {
    guard binary.function == .max || binary.function == .min,
      let (x, constant, _) = graph.constantOperand(of: node), let number = graph.scalar(constant), !number.isNaN
    else { return nil }
    return binary.function == .max
      ? (.clip(lower: Float(number), upper: .infinity), x) : (.clip(lower: -.infinity, upper: Float(number)), x)
  }

  /// max(x, a * x).
  private func leak(_ binary: Binary, _ node: Node) -> (UnaryFunction, ValueID)? {
    guard binary.function == .max, let a = graph.input(node, 0), let b = graph.input(node, 1) else { return nil }
    for (x, scaled) in [(a, b), (b, a)] {
      let term = affine(scaled)
      if term.base == x, term.offset == 0, term.slope > 0, term.slope < 1 {
        return (.leakyRelu(alpha: Float(term.slope)), x)
      }
    }
    return nil
  }

  /// PRelu whose slopes are all one number.
  private func sharedSlope(_ node: Node) -> (UnaryFunction, ValueID)? {
    guard let x = graph.input(node, 0), let slopes = graph.constant(graph.input(node, 1))?.floats(),
      let slope = slopes.first, slope.isFinite, slopes.allSatisfy({ $0 == slope })
    else { return nil }
    return (.leakyRelu(alpha: slope), x)
  }

  /// 1 / (1 + exp(-x)) as a division.
  private func reciprocal(_ binary: Binary, _ node: Node) -> (UnaryFunction, ValueID)? {
    guard binary.function == .div, graph.scalar(graph.input(node, 0)) == 1, let divisor = graph.input(node, 1) else {
      return nil
    }
    return sigmoid(divisor)
  }

  private func sigmoid(_ divisor: ValueID) -> (UnaryFunction, ValueID)? {
    let sum = affine(divisor)
    guard sum.slope == 1, sum.offset == 1, let exponent = argument(of: sum.base, where: { $0 == .exp }) else {
      return nil
    }
    if let x = argument(of: exponent, where: { $0 == .neg }) { return (.sigmoid, x) }
    let negated = affine(exponent)
    return negated.slope == -1 && negated.offset == 0 ? (.sigmoid, negated.base) : nil
  }

  private func softplus(_ node: Node) -> (UnaryFunction, ValueID)? {
    guard let sum = graph.input(node, 0).map(affine), sum.slope == 1, sum.offset == 1 else { return nil }
    return argument(of: sum.base, where: { $0 == .exp }).map { (.softplus, $0) }
  }

  /// What is a number times one or two values.
  private func product(_ output: ValueID) -> (UnaryFunction, ValueID)? {
    let (factor, values) = factors(output)
    if values.count == 1 { return gate(values[0], factor) }
    guard values.count == 2 else { return nil }
    for (x, other) in [(values[0], values[1]), (values[1], values[0])] {
      if isClose(factor, 1) {
        if argument(of: other, where: { $0 == .sigmoid }) == x { return (.silu, x) }
        if let inner = argument(of: other, where: { $0 == .tanh }),
          argument(of: inner, where: { $0 == .softplus }) == x
        {
          return (.mish, x)
        }
      }
      if let (function, y) = gate(other, factor), y == x, case .hardSigmoid(let alpha, let beta) = function,
        isClose(Double(alpha), 1 / 6), isClose(Double(beta), 0.5)
      {
        return (.hardSwish, x)
      }
      if isErrorGate(other, of: x, factor) { return (.gelu, x) }
    }
    return nil
  }

  /// factor * clip(a * x + b, 0, u) with factor * u = 1: the hard sigmoid of slope factor * a and offset factor * b.
  private func gate(_ value: ValueID, _ factor: Double) -> (UnaryFunction, ValueID)? {
    guard let node = graph.producer(of: value), let unary = node.op as? Unary, let input = graph.input(node, 0) else {
      return nil
    }
    if case .hardSigmoid = unary.function, isClose(factor, 1) { return (unary.function, input) }
    guard case .clip(let lower, let upper) = unary.function, lower == 0, isClose(factor * Double(upper), 1) else {
      return nil
    }
    let term = affine(input)
    // A plain clip to 0...1 is a clip: only with a slope or an offset is it more.
    guard term.base != input, term.slope != 0 else { return nil }
    let alpha = factor * term.slope
    let beta = factor * term.offset
    return (.hardSigmoid(alpha: rounded(alpha, to: 1 / 6), beta: rounded(beta, to: 0.5)), term.base)
  }

  /// factor * (1 + erf(x / sqrt(2))) with factor 1 / 2.
  private func isErrorGate(_ value: ValueID, of x: ValueID, _ factor: Double) -> Bool {
    let sum = affine(value)
    guard isClose(factor * sum.slope, 0.5), isClose(factor * sum.offset, 0.5),
      let inner = argument(of: sum.base, where: { $0 == .erf })
    else { return false }
    let term = affine(inner)
    return term.base == x && term.offset == 0 && isClose(term.slope, 0.5.squareRoot())
  }

  // MARK: Reading arithmetic

  /// Steps back that are looked at: enough for every spelling met, few enough for graphs made to be walked for ever.
  private static let reach = 6

  private func isClose(_ a: Double, _ b: Double) -> Bool { Swift.abs(a - b) <= 1e-5 * max(1, Swift.abs(b)) }

  private func rounded(_ number: Double, to usual: Double) -> Float { Float(isClose(number, usual) ? usual : number) }

  /// The input of the Unary that produces a value, if its function is wanted.
  private func argument(of value: ValueID, where isWanted: (UnaryFunction) -> Bool) -> ValueID? {
    guard let node = graph.producer(of: value), let unary = node.op as? Unary, isWanted(unary.function) else {
      return nil
    }
    return graph.input(node, 0)
  }

  /// A value as slope * base + offset, as far back as arithmetic with single numbers reaches.
  private func affine(_ value: ValueID) -> (base: ValueID, slope: Double, offset: Double) {
    var base = value
    var slope = 1.0
    var offset = 0.0
    for _ in 0..<Spelling.reach {
      guard let (binary, x, number, isLeft) = arithmetic(base) else { break }
      switch binary.function {
      case .add: offset += slope * number
      case .sub where isLeft:
        offset += slope * number
        slope = -slope
      case .sub: offset -= slope * number
      case .mul: slope *= number
      case .div where !isLeft && number != 0: slope /= number
      default: return (base, slope, offset)
      }
      base = x
    }
    return (base, slope, offset)
  }

  /// A value as a number times values that are no products themselves.
  private func factors(_ value: ValueID) -> (number: Double, values: [ValueID]) {
    var number = 1.0
    var values: [ValueID] = []
    var open = [value]
    var steps = 0
    while let next = open.popLast() {
      steps += 1
      guard steps <= Spelling.reach, let node = graph.producer(of: next), let binary = node.op as? Binary,
        binary.activation == .identity || next == value, graph.shape(next) == graph.shape(value)
      else {
        values.append(next)
        continue
      }
      if let (_, x, scalar, isLeft) = arithmetic(next) {
        switch binary.function {
        case .mul: number *= scalar
        case .div where !isLeft && scalar != 0: number /= scalar
        default:
          values.append(next)
          continue
        }
        open.append(x)
      } else if binary.function == .mul, let a = graph.input(node, 0), let b = graph.input(node, 1) {
        open += [b, a]
      } else {
        values.append(next)
      }
    }
    return (number, values)
  }

  /// The binary node that makes a value of another of its shape and one number.
  private func arithmetic(_ value: ValueID) -> (Binary, x: ValueID, number: Double, isLeft: Bool)? {
    guard let node = graph.producer(of: value), let binary = node.op as? Binary,
      let (x, constant, isLeft) = graph.constantOperand(of: node), let number = graph.scalar(constant),
      graph.shape(x) == graph.shape(value)
    else { return nil }
    return (binary, x, number, isLeft)
  }
}
