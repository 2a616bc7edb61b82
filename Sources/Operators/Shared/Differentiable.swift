package import IR
package import Math
package import Tensors

#if !RUNTIME_ONLY
/// An operator that has a vector-Jacobian product: how the gradient of a number with respect to its inputs follows from
/// that with respect to its outputs.
///
/// The product is steps of operators that exist, so gradients are computed as models are: by a plan, on the same
/// kernels.
package protocol Differentiable: Operator {
  /// Adds the steps of the product.
  ///
  /// An operator that carries an activation is given the gradient with respect to what goes into that, and does not
  /// look at its own output. Inputs whose gradients are not wanted, as constants, need none.
  ///
  /// - Returns: for each input its gradient, of the input's shape; nil, as for those left out at the end, where it is
  ///   not wanted or zero
  func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?]
}
#endif

/// A graph in which the vector-Jacobian product of one of its nodes is being written down.
package struct VectorJacobianProduct {
  package private(set) var graph: Graph
  private let node: Node
  private let outputGradients: [ValueID?]
  private let wanted: Set<ValueID>

  /// - Parameters:
  ///   - node: a node of the graph
  ///   - outputGradients: for each of its outputs the gradient with respect to it; nil where it is zero
  ///   - wanted: the values whose gradients are of interest
  package init(_ graph: Graph, _ node: Node, outputGradients: [ValueID?], wanted: Set<ValueID>) {
    self.graph = graph
    self.node = node
    self.outputGradients = outputGradients
    self.wanted = wanted
  }

  // MARK: The node

  /// The gradient with respect to an output; nil where it is zero.
  package func gradient(ofOutput index: Int) -> ValueID? { outputGradients[index] }

  /// The gradient with respect to the only output.
  package var gradient: ValueID {
    guard let gradient = outputGradients.first.flatMap(\.self) else {
      preconditionFailure("a product is asked for where nothing depends on \(node.name)")
    }
    return gradient
  }

  package var inputCount: Int { node.inputs.count }

  package func input(_ index: Int = 0) -> ValueID {
    guard index < node.inputs.count, let input = node.inputs[index] else {
      preconditionFailure("a product reads input \(index) of \(node.name), which its operator was made without")
    }
    return input
  }

  package func output(_ index: Int = 0) -> ValueID { node.outputs[index] }

  package func wants(_ index: Int) -> Bool {
    index < node.inputs.count && node.inputs[index].map(wanted.contains) == true
  }

  /// Fails where the gradient with respect to one of the inputs from `first` on is wanted.
  package func expectConstants(from first: Int, _ role: String) throws(Refusal) {
    for index in node.inputs.indices.dropFirst(first) where wants(index) {
      throw Refusal("\(role) that are computed at run time have no gradient here")
    }
  }

  /// A constant input.
  package func constant(_ index: Int, _ role: String) throws(Refusal) -> Tensor {
    guard index < node.inputs.count, let tensor = graph.constant(node.inputs[index]) else {
      throw Refusal("\(role) that are computed at run time have no gradient here")
    }
    return tensor
  }

  package func shape(_ value: ValueID) -> [Int] { graph.type(of: value).shape }

  package func shape(ofInput index: Int) -> [Int] { shape(input(index)) }

  // MARK: Steps

  /// Adds a step; its first output.
  package mutating func add(_ op: any Operator, _ inputs: ValueID...) throws(Refusal) -> ValueID {
    try add(op, inputs)
  }

  package mutating func add(_ op: any Operator, _ inputs: [ValueID]) throws(Refusal) -> ValueID {
    try graph.add(op, name: "\(node.name) gradient", inputs: inputs)[0]
  }

  package mutating func constant(_ tensor: Tensor) -> ValueID {
    graph.addConstant("\(node.name) gradient constant", tensor)
  }

  package mutating func apply(_ function: UnaryFunction, _ x: ValueID) throws(Refusal) -> ValueID {
    try add(Unary(function), x)
  }

  package mutating func plus(_ a: ValueID, _ b: ValueID) throws(Refusal) -> ValueID { try add(Binary(.add), a, b) }
  package mutating func minus(_ a: ValueID, _ b: ValueID) throws(Refusal) -> ValueID { try add(Binary(.sub), a, b) }
  package mutating func times(_ a: ValueID, _ b: ValueID) throws(Refusal) -> ValueID { try add(Binary(.mul), a, b) }
  package mutating func over(_ a: ValueID, _ b: ValueID) throws(Refusal) -> ValueID { try add(Binary(.div), a, b) }

  package mutating func plus(_ a: ValueID, _ b: Float) throws(Refusal) -> ValueID {
    b == 0 ? a : try plus(a, constant(Tensor(scalar: b)))
  }

  package mutating func times(_ a: ValueID, _ b: Float) throws(Refusal) -> ValueID {
    b == 1 ? a : try times(a, constant(Tensor(scalar: b)))
  }

  /// a - x
  package mutating func minus(_ a: Float, _ x: ValueID) throws(Refusal) -> ValueID {
    try minus(constant(Tensor(scalar: a)), x)
  }

  package mutating func squared(_ x: ValueID) throws(Refusal) -> ValueID { try times(x, x) }

  package mutating func reshaped(_ x: ValueID, _ shape: [Int]) throws(Refusal) -> ValueID {
    self.shape(x) == shape ? x : try add(Reshape(shape: shape, allowZero: true), x)
  }

  package mutating func expanded(_ x: ValueID, to shape: [Int]) throws(Refusal) -> ValueID {
    self.shape(x) == shape ? x : try add(Expand(shape: shape), x)
  }

  /// Sums along dimensions, which stay with one element.
  package mutating func summed(_ x: ValueID, along axes: [Int]) throws(Refusal) -> ValueID {
    axes.isEmpty ? x : try add(Reduce(.sum, axes: axes), x)
  }

  /// The gradient with respect to what was broadcast: summed over where it was repeated.
  package mutating func summed(_ x: ValueID, to shape: [Int]) throws(Refusal) -> ValueID {
    let source = self.shape(x)
    let padded = [Int](repeating: 1, count: source.count - shape.count) + shape
    let sums = try summed(x, along: source.indices.filter { padded[$0] == 1 && source[$0] != 1 })
    return try reshaped(sums, shape)
  }

  /// Removes what lies before and behind, or adds zeros: element `start` becomes the first of `shape`.
  package mutating func cut(_ x: ValueID, from start: [Int], to shape: [Int]) throws(Refusal) -> ValueID {
    let source = self.shape(x)
    let ends = shape.indices.map { start[$0] + shape[$0] - source[$0] }
    let pads = start.map { -$0 } + ends
    return pads.allSatisfy { $0 == 0 } ? x : try add(Pad(pads: pads), x)
  }

  /// 1 where a value that a clamp has given, or would give, lies between its bounds, 0 where it lies on one.
  ///
  /// - Parameter y: no less than `lower` and no more than `upper`
  /// - Returns: nil where there is no bound
  package mutating func inside(
    _ y: ValueID, lower: Float, upper: Float
  ) throws(Refusal) -> ValueID? {
    switch (lower.isFinite, upper.isFinite) {
    case (false, false): return nil
    case (true, false): return try apply(.sign, plus(y, -lower))
    case (false, true): return try apply(.sign, minus(upper, y))
    case (true, true): return try apply(.sign, times(plus(y, -lower), minus(upper, y)))
    }
  }

  /// 1 where x is above 0, else 0.
  package mutating func isPositive(_ x: ValueID) throws(Refusal) -> ValueID {
    try apply(.sign, apply(.relu, x))
  }

  /// A share of the gradient for each element of x that equals y, which is one of them: the least or the greatest.
  package mutating func divided(
    _ gradient: ValueID, among x: ValueID, equalTo y: ValueID, along axes: [Int]
  ) throws(Refusal) -> ValueID {
    let (one, zero) = (constant(Tensor(scalar: Float(1))), constant(Tensor(scalar: Float(0))))
    let isTaken = try add(Where(), add(Compare(.equal), x, y), one, zero)
    return try times(isTaken, over(gradient, summed(isTaken, along: axes)))
  }

  /// The gradient with respect to x of what is normalised by its mean and variance along dimensions:
  /// r * (g - mean(g) - n * mean(g n)) with r = 1 / sqrt(variance + epsilon), n = (x - mean(x)) * r.
  ///
  /// - Parameter gradient: with respect to n
  package mutating func normalized(
    _ x: ValueID, _ gradient: ValueID, along axes: [Int], epsilon: Float
  ) throws(Refusal) -> ValueID {
    let mean = Reduce(.mean, axes: axes)
    let centered = try minus(x, add(mean, x))
    let variance = try add(mean, squared(centered))
    let factor = try apply(.reciprocal, apply(.sqrt, plus(variance, epsilon)))
    let normal = try times(centered, factor)
    let along = try times(normal, add(mean, times(gradient, normal)))
    return try times(factor, minus(minus(gradient, add(mean, gradient)), along))
  }

  /// The product with the transposed matrix along one dimension: where the operator makes each of `columns` elements
  /// there a weighted sum of `rows`, the gradient with respect to those.
  ///
  /// - Parameter matrix: rows x columns, row-major; the weight of each input element in each output element
  package mutating func mixedBack(
    _ x: ValueID, along axis: Int, matrix: [Float], rows: Int
  ) throws(Refusal) -> ValueID {
    let shape = self.shape(x)
    let columns = shape[axis]
    let before = shape[..<axis].reduce(1, *)
    let behind = shape[(axis + 1)...].reduce(1, *)
    let weights = constant(Tensor(matrix, shape: [rows, columns]))
    let product = try add(MatMul(), weights, reshaped(x, [before, columns, behind]))
    return try reshaped(product, Array(shape[..<axis]) + [rows] + Array(shape[(axis + 1)...]))
  }

  /// The gradient with respect to a dimension whose elements at `indices` were taken, each as often as it is named.
  package mutating func gatheredBack(
    _ x: ValueID, along axis: Int, indices: [Int], extent: Int
  ) throws(Refusal) -> ValueID {
    var matrix = try zeros(extent, indices.count)
    for (column, row) in indices.enumerated() { matrix[row * indices.count + column] = 1 }
    return try mixedBack(x, along: axis, matrix: matrix, rows: extent)
  }

  /// The gradient with respect to a dimension that was resized.
  package mutating func resampledBack(
    _ x: ValueID, along axis: Int, _ resampling: AxisResampling, extent: Int
  ) throws(Refusal) -> ValueID {
    let columns = resampling.weight.count
    var matrix = try zeros(extent, columns)
    for column in 0..<columns {
      matrix[resampling.first[column] * columns + column] += 1 - resampling.weight[column]
      matrix[resampling.second[column] * columns + column] += resampling.weight[column]
    }
    return try mixedBack(x, along: axis, matrix: matrix, rows: extent)
  }

  /// A matrix to be filled, as long as that is worth it.
  package func zeros(_ rows: Int, _ columns: Int) throws(Refusal) -> [Float] {
    let (size, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow, size <= VectorJacobianProduct.mostWeights else {
      throw Refusal("\(columns) elements of \(rows) are too many for a gradient to be taken back")
    }
    return [Float](repeating: 0, count: size)
  }

  private static let mostWeights = 1 << 22
}
