import IR
import Math
import Operators
import Tensors

/// Short words for the operators that nodes are lowered to. The name of a step tells it from others of the node.
extension NodeImport {
  func step(_ name: String, _ function: Binary.Function, _ a: Symbol, _ b: Symbol) throws(Refusal) -> Symbol {
    try add(step: name, Binary(function), [a, b])
  }

  func step(_ name: String, _ function: Binary.Function, _ a: Symbol, _ b: Float) throws(Refusal) -> Symbol {
    try step(name, function, a, try scalar("\(name)_operand", b, like: a))
  }

  func step(_ name: String, _ function: UnaryFunction, _ x: Symbol) throws(Refusal) -> Symbol {
    try add(step: name, Unary(function), [x])
  }

  func step(_ name: String, reshaping x: Symbol, to shape: [Int]) throws(Refusal) -> Symbol {
    x.shape == shape ? x : try add(step: name, Reshape(shape: shape), [x])
  }

  func step(_ name: String, transposing x: Symbol, by order: [Int]) throws(Refusal) -> Symbol {
    order == Array(order.indices) ? x : try add(step: name, Transpose(perm: order), [x])
  }

  /// A scalar of the type of `x`.
  func scalar(_ name: String, _ value: Float, like x: Symbol) throws(Refusal) -> Symbol {
    let number = constant(name, Tensor(scalar: value))
    return x.element == .float32 ? number : try add(step: "\(name)_cast", Cast(to: x.element), [number])
  }

  /// What was computed in steps, as the node's output.
  func result(_ x: Symbol) throws(Refusal) -> [Symbol] {
    guard let constant = x.constant else { return try add(Reshape(shape: x.shape), [x]) }
    return result(constant)
  }

  /// The product of matrices, a layer where b is constant.
  func step(_ name: String, product a: Symbol, _ b: Symbol) throws(Refusal) -> Symbol {
    if a.constant == nil, let layer = Gemm(product: a.type, Operand(b.type, constant: b.constant)) {
      return try add(step: name, layer, [a, b])
    }
    return try add(step: name, MatMul(), [a, b])
  }
}
