package import IR
package import Tensors

extension VectorJacobianProduct {
  /// Adds the product of an operator; nil where it has none.
  ///
  /// The runtime half knows those of what stands behind the last activation of classifiers, for maps of where a model
  /// looks, and by their types: the linker leaves out what an app does not call, but nothing that is looked up by a
  /// protocol.
  package mutating func gradients(of op: any Operator) throws(Refusal) -> [ValueID?]? {
    #if RUNTIME_ONLY
    switch op {
    case let op as AveragePool: return try op.gradients(&self)
    case let op as BatchNormalization: return try op.gradients(&self)
    case let op as Binary: return try op.gradients(&self)
    case let op as Conv: return try op.gradients(&self)
    case let op as Gemm: return try op.gradients(&self)
    case let op as GlobalAveragePool: return try op.gradients(&self)
    case let op as MatMul: return try op.gradients(&self)
    case let op as Reduce: return try op.gradients(&self)
    case let op as Reshape: return try op.gradients(&self)
    case let op as ScaleShift: return try op.gradients(&self)
    case let op as Transpose: return try op.gradients(&self)
    case let op as Unary: return try op.gradients(&self)
    default: return nil
    }
    #else
    guard let op = op as? any Differentiable else { return nil }
    return try op.gradients(&self)
    #endif
  }
}
