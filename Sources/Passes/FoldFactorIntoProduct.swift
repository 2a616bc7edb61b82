import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Folds multiplications by one number into the product of matrices beside them: attention's 1 / sqrt(d).
  ///
  ///     y = MatMul(a, b); z = y * c                    ->   z = MatMul(a, b), alpha = c
  ///     s = a * c; y = MatMul(s, b)                    ->   y = MatMul(a, b), alpha = c; so for b, and / for *
  ///
  /// Between s and the product there may be transposes and reshapes.
  /// Conditions: the constant is one number, both operands flow, nothing else uses the values between, alpha stays a
  /// normal number in float32.
  /// Formula: alpha in double precision, rounded once; it multiplies whole sums, so y differs by rounding.
  package static let foldFactorIntoProduct = Pass(
    "fold-factor-into-product", "fold multiplications by one number into products of matrices"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let (x, factor) = graph.scaling(node), let output = node.outputs.first else {
        continue
      }
      let product: Node
      if let before = graph.producer(of: x), graph.isProduct(before), graph.soleUser(of: x) != nil {
        product = before
      } else if let after = graph.soleUser(of: graph.movements(from: output).last?.outputs.first ?? output),
        graph.isProduct(after)
      {
        product = after
      } else {
        continue
      }
      guard var op = product.op as? MatMul else { continue }
      op.alpha = Float(Double(op.alpha) * factor)
      guard op.alpha.isNormal else {
        log.refused(node, "\(product.name) would be multiplied by \(op.alpha)")
        continue
      }
      try graph.rewrite(product, as: op, inputs: product.inputs, origins: node.origins)
      graph.bypass(node, with: x)
      log.applied(node, "into \(product.name)")
    }
  }
}

extension Graph {
  /// A float multiplication by one number, or division, that keeps the shape: what is multiplied, and the factor.
  fileprivate func scaling(_ node: Node) -> (x: ValueID, factor: Double)? {
    guard let binary = node.op as? Binary, binary.activation == .identity,
      let (x, constant, isLeft) = constantOperand(of: node), let number = scalar(constant),
      let output = node.outputs.first,
      type(of: x) == type(of: output), type(of: x).element == .float32
    else { return nil }
    switch binary.function {
    case .mul: return (x, number)
    case .div where !isLeft: return (x, 1 / number)
    default: return nil
    }
  }

  /// A product of two matrices that flow.
  fileprivate func isProduct(_ node: Node) -> Bool {
    node.op is MatMul && node.inputs.allSatisfy { $0 != nil && constant($0) == nil }
  }
}
