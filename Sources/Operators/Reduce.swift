package import IR
import Math
package import Tensors

/// One number for all elements along `axes`, float32; without axes, for the whole tensor.
///
/// Accumulated in double precision in memory order and rounded once.
package struct Reduce: Operator {
  package static let name = "Reduce"

  package enum Function: String, Sendable, CaseIterable {
    case mean, sum, max, min, prod, l1, l2
    case sumSquare = "sum_square"
  }

  package let function: Function
  package let axes: [Int]
  package let keepsDimensions: Bool

  package init(_ function: Function, axes: [Int], keepsDimensions: Bool = true) {
    self.function = function
    self.axes = axes
    self.keepsDimensions = keepsDimensions
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    function = try attributes.choice("function")
    axes = try attributes.ints("axes") ?? []
    keepsDimensions = try attributes.bool("keepdims", default: true)
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("function", function.rawValue)
    if !axes.isEmpty { attributes.set("axes", axes) }
    if !keepsDimensions { attributes.set("keepdims", false) }
  }

  package var layout: LayoutRule { .either }

  /// The dimensions it reduces, counted from the front.
  package func dimensions(rank: Int) -> [Int] {
    axes.isEmpty ? Array(0..<rank) : axes.map { $0 < 0 ? $0 + rank : $0 }
  }

  /// Whether each dimension is reduced.
  private func isReduced(_ shape: [Int]) throws(Refusal) -> [Bool] {
    var result = [Bool](repeating: axes.isEmpty, count: shape.count)
    for axis in axes {
      let index = try normalizedAxis(axis, rank: shape.count)
      guard !result[index] else { throw Refusal("axes \(axes) name a dimension twice") }
      result[index] = true
    }
    return result
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    guard x.type.count > 0 else { throw Refusal("x with shape \(x.shape) is empty") }
    var shape: [Int] = []
    for (extent, isReduced) in zip(x.shape, try isReduced(x.shape)) {
      if !isReduced {
        shape.append(extent)
      } else if keepsDimensions {
        shape.append(1)
      }
    }
    return [TensorType(.float32, shape)]
  }

  package func work(_ inputs: [Operand?], _: [TensorType]) -> Work {
    Work(elementOperations: inputs.optional(0)?.type.count ?? 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let shape = try site.inputs.required(0, "x").shape
    let isReduced = try isReduced(shape)
    let source = site.strides(ofInput: 0)
    let ownStrides = site.strides(ofOutput: 0)
    // Output strides of the kept dimensions, by the input's dimensions.
    var kept: [ReductionDimension] = []
    var reduced: [ReductionDimension] = []
    var position = 0
    for axis in shape.indices {
      let target = isReduced[axis] ? 0 : ownStrides[position]
      if !isReduced[axis] || keepsDimensions { position += 1 }
      let dimension = ReductionDimension(extent: shape[axis], source: source[axis], target: target)
      if isReduced[axis] {
        reduced.append(dimension)
      } else {
        kept.append(dimension)
      }
    }
    let reduction = Reduction(kept: kept, reduced: reduced)
    switch function {
    case .mean: return reduction.kernel(MeanReducer.self)
    case .sum: return reduction.kernel(SumReducer.self)
    case .max: return reduction.kernel(MaxReducer.self)
    case .min: return reduction.kernel(MinReducer.self)
    case .prod: return reduction.kernel(ProductReducer.self)
    case .l1: return reduction.kernel(L1Reducer.self)
    case .l2: return reduction.kernel(L2Reducer.self)
    case .sumSquare: return reduction.kernel(SumSquareReducer.self)
    }
  }
}

extension Reduce: PossibleIdentity {
  /// Along dimensions of one, where one element's value is kept.
  package func unchangedInput(_ inputs: [Operand?], _: TensorType) -> Int? {
    guard let x = inputs.optional(0) else { return nil }
    let keepsValue: Bool =
      switch function {
      case .mean, .sum, .max, .min, .prod: true
      case .l1, .l2, .sumSquare: false
      }
    return keepsValue && dimensions(rank: x.type.rank).allSatisfy { x.shape[$0] == 1 } ? 0 : nil
  }
}

extension Reduce: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    let reduced = Set(dimensions(rank: order.count))
    let op = Reduce(
      function, axes: reduced.sorted().map { order[$0] }.sorted(), keepsDimensions: keepsDimensions)
    guard !keepsDimensions else { return TransposePassage(op, outputOrder: order) }
    // Of the dimensions that are left, each counts those before it.
    let kept = order.indices.filter { !reduced.contains($0) }.map { order[$0] }
    let ranks = kept.sorted()
    return TransposePassage(op, outputOrder: kept.map { axis in ranks.firstIndex(of: axis) ?? 0 })
  }
}

#if !RUNTIME_ONLY
extension Reduce: Differentiable {}
#endif

extension Reduce {
  /// Of the least and the greatest, where several elements have it they share it.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let shape = product.shape(ofInput: 0)
    let axes = dimensions(rank: shape.count)
    let kept = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    let gradient = try product.reshaped(product.gradient, kept)
    let (x, y) = (product.input(), try product.reshaped(product.output(), kept))
    switch function {
    case .sum: return [try product.expanded(gradient, to: shape)]
    case .mean:
      let count = axes.reduce(1) { $0 * shape[$1] }
      return [try product.expanded(product.times(gradient, 1 / Float(count)), to: shape)]
    case .sumSquare: return [try product.times(product.times(x, 2), gradient)]
    case .l1: return [try product.times(product.apply(.sign, x), gradient)]
    case .l2: return [try product.times(x, product.over(gradient, y))]
    case .prod: return [try product.over(product.times(gradient, y), x)]
    case .max, .min: return [try product.divided(gradient, among: x, equalTo: y, along: axes)]
    }
  }
}

#if !RUNTIME_ONLY
extension Reduce: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard let x = inputs.optional(0), inputs.isFlowing(0), x.type.rank >= 2, output.rank >= 2,
      dimensions(rank: x.type.rank).allSatisfy({ $0 >= 2 })
    else { return nil }
    return .passed([Array(0..<x.shape[1])])
  }
}
#endif
