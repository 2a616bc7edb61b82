import IR
import Math
import Operators
import Tensors
import TestSupport

/// What a step of a recipe adds.
enum StepKind: CaseIterable {
  case convolution, transposedConvolution, gemm, matrixProduct, product
  case batchNormalization, scaleShift, layerNormalization, instanceNormalization, localResponse
  case function, guardedFunction, slopes, softmax
  case arithmetic, arithmeticWithConstant, gate, residual, selection
  case concatenation, split, gather, slice, pad, tile, expand, repetition
  case reshape, flatten, squeeze, transpose, shuffle, depthToSpace, spaceToDepth, resize
  case maxPool, averagePool, globalPool, reduction
  case cast, largest, ranking, sampling, shape, constantOfShape, range, quantization
}

/// Adds the nodes of one step to a graph. Functions keep away from where small errors become large ones (division by
/// nearly nothing, exponentials of large numbers): there float32 and int8 differ for reasons that are nobody's defect.
struct StepBuilder {
  private(set) var graph: Graph
  private var random: RandomNumbers
  private let name: String
  private var count = 0

  init(_ graph: Graph, random: RandomNumbers, name: String) {
    self.graph = graph
    self.random = random
    self.name = name
  }

  /// The values the step makes of its operands; nil where it does not fit them.
  mutating func values(of kind: StepKind, _ operands: [ValueID]) -> [ValueID]? {
    let x = operands[0]
    switch kind {
    case .convolution: return convolution(x)
    case .transposedConvolution: return transposedConvolution(x)
    case .gemm: return gemm(x)
    case .matrixProduct: return matrixProduct(x)
    case .product: return product(x, operands[1])
    case .batchNormalization: return batchNormalization(x)
    case .scaleShift:
      return shape(x).count >= 2 ? add(ScaleShift(), x, vector(x, -2...2), vector(x, -1...1)) : nil
    case .layerNormalization: return layerNormalization(x)
    case .instanceNormalization:
      // Over few positions the variance may be nearly nothing.
      guard shape(x).count >= 3, shape(x)[2...].reduce(1, *) >= 4 else { return nil }
      return add(InstanceNormalization(epsilon: 0.1), x, vector(x, 0.5...2), vector(x, -1...1))
    case .localResponse:
      return add(LRN(size: random.pick([1, 3, 5]), alpha: 0.1, beta: 0.75, bias: 1), x)
    case .function: return add(Unary(function()), x)
    case .guardedFunction: return guardedFunction(x)
    case .slopes: return slopes(x)
    case .softmax: return random.oneIn(3) ? add(LogSoftmax(axis: axis(x)), x) : add(Softmax(axis: axis(x)), x)
    case .arithmetic: return arithmetic(x, operands[1])
    case .arithmeticWithConstant: return arithmeticWithConstant(x)
    case .gate: return gate(x)
    case .residual: return residual(x)
    case .selection: return selection(x, operands[1])
    case .concatenation: return concatenation(operands)
    case .split: return split(x)
    case .gather: return gather(x)
    case .slice: return slice(x)
    case .pad: return pad(x)
    case .tile: return add(Tile(repeats: shape(x).map { _ in random.oneIn(3) ? 2 : 1 }), x)
    case .expand: return add(Expand(shape: shape(x).map { $0 == 1 && random.oneIn(2) ? 3 : $0 }), x)
    case .repetition: return add(Concat(axis: axis(x)), x, x)
    case .reshape: return reshape(x)
    case .flatten: return flatten(x)
    case .squeeze: return squeeze(x)
    case .transpose: return add(Transpose(perm: permutation(shape(x).count)), x)
    case .shuffle: return add(ChannelShuffle(groups: random.pick([2, 3])), x)
    case .depthToSpace:
      return add(DepthToSpace(block: 2, mode: random.pick(DepthToSpace.Mode.allCases)), x)
    case .spaceToDepth: return add(SpaceToDepth(block: 2), x)
    case .resize: return resize(x)
    case .maxPool:
      guard let window = window(x) else { return nil }
      return add(MaxPool(window: window, ceiling: random.oneIn(3)), x)
    case .averagePool:
      guard let window = window(x) else { return nil }
      return add(AveragePool(window: window, ceiling: random.oneIn(3), countIncludePad: random.oneIn(2)), x)
    case .globalPool: return random.oneIn(2) ? add(GlobalAveragePool(), x) : add(GlobalMaxPool(), x)
    case .reduction: return reduction(x)
    case .cast: return cast(x)
    case .largest: return largest(x)
    case .ranking: return ranking(x)
    case .sampling: return sampling(x)
    case .shape: return shapeAsNumbers(x)
    case .constantOfShape: return constantOfShape(x)
    case .range: return range(x)
    case .quantization: return quantization(x)
    }
  }

  // MARK: Parts

  private func shape(_ x: ValueID) -> [Int] { graph.type(of: x).shape }

  private mutating func axis(_ x: ValueID) -> Int { random.int(-shape(x).count...shape(x).count - 1) }

  private mutating func constant(_ shape: [Int], _ range: ClosedRange<Float> = -1...1) -> ValueID {
    count += 1
    return graph.addConstant("\(name)_c\(count)", random.tensor(shape, range))
  }

  private mutating func scalar(_ number: Float) -> ValueID {
    count += 1
    return graph.addConstant("\(name)_c\(count)", Tensor(scalar: number))
  }

  /// A number for each channel.
  private mutating func vector(_ x: ValueID, _ range: ClosedRange<Float>) -> ValueID {
    constant([shape(x)[1]], range)
  }

  /// Adds a node; nil where its operator refuses its inputs.
  private mutating func add(_ op: any Operator, _ inputs: ValueID?...) -> [ValueID]? { add(op, inputs) }

  private mutating func add(_ op: any Operator, _ inputs: [ValueID?]) -> [ValueID]? {
    count += 1
    let node = "\(name)_\(count)"
    return try? graph.add(op, name: node, inputs: inputs, outputNames: [node], origins: [node])
  }

  private mutating func permutation(_ rank: Int) -> [Int] {
    if rank == 4 && random.oneIn(2) { return random.pick([[0, 2, 3, 1], [0, 3, 1, 2]]) }
    return random.shuffled(rank)
  }

  /// A window of an image, or nil where there is none.
  private mutating func window(_ x: ValueID, isPadded: Bool = true) -> Window? {
    guard shape(x).count == 4 else { return nil }
    let kernel = random.oneIn(3) ? [1, 1] : [random.int(1...3), random.int(1...3)]
    let isSame = random.oneIn(2)
    let pads = kernel + kernel
    return Window(
      kernel: kernel, strides: random.oneIn(3) ? [random.int(1...2), random.int(1...3)] : [1, 1],
      dilations: random.oneIn(6) ? [random.int(1...2), random.int(1...2)] : [1, 1],
      pads: !isPadded || random.oneIn(4)
        ? [0, 0, 0, 0] : pads.map { isSame ? ($0 - 1) / 2 : random.int(0...max(0, $0 - 1)) })
  }

  private mutating func function() -> UnaryFunction {
    random.pick([
      .relu, .relu, .relu6, .clip(lower: -0.5, upper: 1), .clip(lower: -.infinity, upper: 0.5), .sigmoid, .silu, .tanh,
      .hardSigmoid(alpha: Float(1) / 6, beta: 0.5), .hardSwish, .leakyRelu(alpha: 0.1), .elu(alpha: 1), .gelu, .erf,
      .softplus, .selu(alpha: 1.67, gamma: 1.05), .sin, .atan,
      .mish, .abs, .neg, .identity, .floor, .ceil, .round,
    ])
  }

  // MARK: Layers

  private mutating func convolution(_ x: ValueID) -> [ValueID]? {
    guard let window = window(x) else { return nil }
    let channels = shape(x)[1]
    let groups = random.oneIn(3) ? channels : random.oneIn(4) ? random.pick([1, 2, 3]) : 1
    guard channels.isMultiple(of: groups) else { return nil }
    let outputs = groups * (groups == channels ? random.int(1...2) : random.int(1...4))
    let inputs = channels / groups
    let reach = 1.5 / Float(inputs * window.kernel[0] * window.kernel[1]).squareRoot()
    let weights = constant([outputs, inputs] + window.kernel, -reach...reach)
    let bias = random.oneIn(2) ? constant([outputs], -0.5...0.5) : nil
    return add(Conv(window: window, group: groups), x, weights, bias)
  }

  private mutating func transposedConvolution(_ x: ValueID) -> [ValueID]? {
    guard var window = window(x) else { return nil }
    window.pads = window.kernel.map { random.int(0...$0 - 1) } + [0, 0]
    let channels = shape(x)[1]
    let groups = random.oneIn(3) ? channels : 1
    let outputs = random.int(1...3)
    let weights = constant([channels, outputs] + window.kernel, -0.5...0.5)
    let bias = random.oneIn(2) ? constant([outputs * groups], -0.5...0.5) : nil
    return add(ConvTranspose(window: window, group: groups), x, weights, bias)
  }

  private mutating func gemm(_ x: ValueID) -> [ValueID]? {
    var x = x
    // Vectors are what most classifiers have in front of it.
    if shape(x).count > 2, random.oneIn(2), let rows = add(Reshape(shape: [shape(x)[0], -1]), x)?[0] { x = rows }
    guard let inputs = shape(x).last, shape(x).count >= 2 else { return nil }
    let outputs = random.int(1...8)
    let isTransposed = random.oneIn(2)
    let reach = 1.5 / Float(inputs).squareRoot()
    let weights = constant(isTransposed ? [outputs, inputs] : [inputs, outputs], -reach...reach)
    return add(Gemm(transB: isTransposed), x, weights, random.oneIn(2) ? constant([outputs]) : nil)
  }

  private mutating func matrixProduct(_ x: ValueID) -> [ValueID]? {
    guard let inputs = shape(x).last, shape(x).count >= 2 else { return nil }
    let reach = 1.5 / Float(inputs).squareRoot()
    return add(MatMul(), x, constant([inputs, random.int(1...8)], -reach...reach))
  }

  /// x times y, or x times x transposed, as in attention.
  private mutating func product(_ x: ValueID, _ y: ValueID) -> [ValueID]? {
    let rank = shape(x).count
    guard rank >= 2 else { return nil }
    if random.oneIn(2), let both = add(MatMul(), x, y) { return both }
    let order = Array(0..<rank - 2) + [rank - 1, rank - 2]
    guard let turned = add(Transpose(perm: order), x)?[0], let product = add(MatMul(), x, turned)?[0] else {
      return nil
    }
    return add(Binary(.mul), product, scalar(1 / Float(shape(x)[rank - 1])))
  }

  // MARK: Normalisations

  private mutating func batchNormalization(_ x: ValueID) -> [ValueID]? {
    guard shape(x).count >= 2 else { return nil }
    return add(
      BatchNormalization(), x, vector(x, -2...2), vector(x, -1...1), vector(x, -0.5...0.5), vector(x, 0.3...2))
  }

  private mutating func layerNormalization(_ x: ValueID) -> [ValueID]? {
    let shape = shape(x)
    let axis = random.int(0...shape.count - 1)
    guard shape[axis...].reduce(1, *) >= 4 else { return nil }
    let scale = constant(Array(shape[axis...]), 0.5...2)
    return add(
      LayerNormalization(axis: axis, epsilon: 0.1), x, scale,
      random.oneIn(2) ? constant(Array(shape[axis...])) : nil)
  }

  // MARK: Functions

  /// Functions that need their argument kept where they are tame.
  private mutating func guardedFunction(_ x: ValueID) -> [ValueID]? {
    switch random.int(0...3) {
    case 0: return add(Unary(.clip(lower: -2, upper: 2)), x).flatMap { add(Unary(.exp), $0[0]) }
    default:
      guard let positive = add(Unary(.abs), x)?[0], let kept = add(Binary(.add), positive, scalar(1))?[0] else {
        return nil
      }
      return add(Unary(random.pick([.log, .sqrt, .reciprocal])), kept)
    }
  }

  private mutating func slopes(_ x: ValueID) -> [ValueID]? {
    let shape = shape(x)
    if random.oneIn(3) { return add(PRelu(), x, constant([1], 0...0.5)) }
    guard shape.count >= 2 else { return nil }
    return add(PRelu(), x, constant([shape[1]] + shape.dropFirst(2).map { _ in 1 }, 0...0.5))
  }

  // MARK: Arithmetic

  /// Two values as they broadcast.
  private mutating func arithmetic(_ x: ValueID, _ y: ValueID) -> [ValueID]? {
    switch random.int(0...6) {
    case 0...1: return add(Binary(.add), x, y)
    case 2: return add(Binary(.sub), x, y)
    case 3: return add(Binary(.mul), x, y)
    case 4: return add(Binary(.min), x, y)
    case 5: return add(Binary(.max), x, y)
    default:
      guard let positive = add(Unary(.abs), y)?[0], let kept = add(Binary(.add), positive, scalar(1))?[0] else {
        return nil
      }
      return add(Binary(.div), x, kept)
    }
  }

  private mutating func arithmeticWithConstant(_ x: ValueID) -> [ValueID]? {
    let shape = shape(x)
    let rest = shape.dropFirst(2).map { _ in 1 }
    var extents = [[], [1], shape, [shape[shape.count - 1]]]
    if shape.count >= 2 { extents += [[shape[1]] + rest, [1, shape[1]] + rest] }
    let operand = random.pick(extents)
    switch random.int(0...6) {
    case 0: return add(Binary(.add), x, constant(operand))
    case 1: return add(Binary(.add), constant(operand), x)
    case 2: return add(Binary(.mul), x, constant(operand, -1.5...1.5))
    case 3: return random.oneIn(2) ? add(Binary(.sub), x, constant(operand)) : add(Binary(.sub), constant(operand), x)
    case 4: return add(Binary(.div), x, constant(operand, 0.5...2))
    case 5: return add(Binary(random.pick([.min, .max])), x, constant(operand))
    default:
      return add(Unary(.clip(lower: -2, upper: 2)), x).flatMap { add(Binary(.pow), $0[0], scalar(2)) }
    }
  }

  /// What squeeze-and-excite ends with: a value times a number for each of its channels.
  private mutating func gate(_ x: ValueID) -> [ValueID]? {
    guard var pooled = add(GlobalAveragePool(), x)?[0] else { return nil }
    if random.oneIn(2) {
      let channels = shape(x)[1]
      guard let layer = add(Conv(window: Window(kernel: [1, 1])), pooled, constant([channels, channels, 1, 1])) else {
        return nil
      }
      pooled = layer[0]
    }
    let function = random.pick([UnaryFunction.sigmoid, .hardSigmoid(alpha: Float(1) / 6, beta: 0.5), .tanh])
    guard let gate = add(Unary(function), pooled)?[0] else { return nil }
    return random.oneIn(2) ? add(Binary(.mul), x, gate) : add(Binary(.mul), gate, x)
  }

  private mutating func residual(_ x: ValueID) -> [ValueID]? {
    guard shape(x).count == 4 else { return nil }
    let channels = shape(x)[1]
    let reach = 1 / Float(9 * channels).squareRoot()
    let weights = constant([channels, channels, 3, 3], -reach...reach)
    let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
    guard var branch = add(Conv(window: window), x, weights)?[0] else { return nil }
    if random.oneIn(2), let active = add(Unary(function()), branch)?[0] { branch = active }
    guard let sum = random.oneIn(2) ? add(Binary(.add), x, branch) : add(Binary(.add), branch, x) else { return nil }
    return random.oneIn(2) ? add(Unary(.relu), sum[0]) : sum
  }

  /// Where with a condition at whose border both choices are equal.
  private mutating func selection(_ x: ValueID, _ y: ValueID) -> [ValueID]? {
    if random.oneIn(2), let isLess = add(Compare(random.pick([.less, .lessOrEqual])), x, y)?[0] {
      return add(Where(), isLess, x, y)
    }
    let zero = scalar(0)
    guard let isPositive = add(Compare(random.pick([.greater, .greaterOrEqual])), x, zero)?[0],
      let scaled = add(Binary(.mul), x, scalar(0.3))?[0]
    else { return nil }
    return add(Where(), isPositive, x, scaled)
  }

  // MARK: Moving elements

  private mutating func concatenation(_ operands: [ValueID]) -> [ValueID]? {
    let axis = axis(operands[0])
    var parts = random.oneIn(3) ? operands : Array(operands.prefix(2))
    // Operands of other shapes are replaced by functions of the first.
    for index in parts.indices.dropFirst() {
      var expected = shape(operands[0])
      let position = axis < 0 ? axis + expected.count : axis
      if shape(parts[index]).count == expected.count { expected[position] = shape(parts[index])[position] }
      if shape(parts[index]) != expected, let other = add(Unary(function()), operands[0])?[0] { parts[index] = other }
    }
    if random.oneIn(8) { parts.append(constant(shape(operands[0]))) }
    return add(Concat(axis: axis), parts)
  }

  private mutating func split(_ x: ValueID) -> [ValueID]? {
    let axis = random.int(0...shape(x).count - 1)
    let extent = shape(x)[axis]
    guard extent >= 2 else { return nil }
    let first = random.int(1...extent - 1)
    return add(Split(axis: axis, sizes: [first, extent - first]), x)
  }

  private mutating func gather(_ x: ValueID) -> [ValueID]? {
    let axis = random.int(0...shape(x).count - 1)
    let extent = shape(x)[axis]
    let shape = random.pick([[], [1], [3], [2, 2]])
    let indices = (0..<shape.reduce(1, *)).map { _ in Int64(random.int(-extent...extent - 1)) }
    let constant = graph.addConstant("\(name)_indices", Tensor(indices, shape: shape))
    return add(Gather(axis: axis), x, constant)
  }

  private mutating func slice(_ x: ValueID) -> [ValueID]? {
    let axis = random.int(0...shape(x).count - 1)
    let extent = shape(x)[axis]
    if random.oneIn(4) { return add(Slice(starts: [-1], ends: [-extent - 1], axes: [axis], steps: [-1]), x) }
    let start = random.int(0...extent - 1)
    return add(
      Slice(starts: [start], ends: [random.int(start + 1...extent)], axes: [axis], steps: [random.int(1...2)]), x)
  }

  private mutating func pad(_ x: ValueID) -> [ValueID]? {
    let rank = shape(x).count
    let mode = random.pick(Pad.Mode.allCases)
    let isImage = rank == 4 && !random.oneIn(3)
    let pads = (0..<2 * rank).map { index in
      isImage && index % rank < 2 ? 0 : random.oneIn(6) ? -1 : random.int(0...2)
    }
    return add(Pad(pads: pads, mode: mode, value: random.pick([0, 0, 0.75, -10])), x)
  }

  private mutating func reshape(_ x: ValueID) -> [ValueID]? {
    var rest = shape(x).reduce(1, *)
    var result: [Int] = random.oneIn(2) ? [1] : []
    for _ in 0..<random.int(1...4) {
      let factors = (1...max(1, rest)).filter { rest.isMultiple(of: $0) }
      let factor = random.pick(factors)
      result.append(factor)
      rest /= factor
    }
    return add(Reshape(shape: result + [rest]), x)
  }

  private mutating func flatten(_ x: ValueID) -> [ValueID]? {
    random.oneIn(4) ? add(Reshape(shape: [-1]), x) : add(Reshape(shape: [shape(x)[0], -1]), x)
  }

  private mutating func squeeze(_ x: ValueID) -> [ValueID]? {
    if random.oneIn(2) { return add(Reshape(shape: shape(x).filter { $0 != 1 }), x) }
    var result = shape(x)
    result.insert(1, at: random.int(0...result.count))
    return add(Reshape(shape: result), x)
  }

  private mutating func resize(_ x: ValueID) -> [ValueID]? {
    let mode = random.pick(Resize.Mode.allCases)
    let transformation = random.pick(CoordinateTransformation.allCases)
    let rounding = random.pick(NearestRounding.allCases)
    if random.oneIn(2) {
      return add(
        Resize(
          sizes: [random.int(1...9), random.int(1...9)], mode: mode, transformation: transformation, rounding: rounding),
        x)
    }
    return add(
      Resize(
        scales: [random.pick([0.5, 1, 1.5, 2]), random.pick([1, 2, 2.5])], mode: mode, transformation: transformation,
        rounding: rounding), x)
  }

  private mutating func reduction(_ x: ValueID) -> [ValueID]? {
    let rank = shape(x).count
    let axes = random.oneIn(3) && rank == 4 ? [2, 3] : Array(random.shuffled(rank).prefix(random.int(1...rank)))
    // A product of many numbers is nothing but its errors.
    let count = axes.reduce(1) { $0 * shape(x)[$1] }
    let functions: [Reduce.Function] = count <= 3 ? Reduce.Function.allCases : [.mean, .max, .min, .l1, .l2, .mean]
    return add(Reduce(random.pick(functions), axes: axes, keepsDimensions: random.oneIn(2)), x)
  }

  // MARK: Other types

  private mutating func cast(_ x: ValueID) -> [ValueID]? {
    guard let scaled = add(Binary(.mul), x, scalar(8))?[0],
      let integers = add(Cast(to: random.pick([.int32, .int64])), scaled)?[0],
      let back = add(Cast(to: .float32), integers)?[0]
    else { return nil }
    return add(Binary(.mul), back, scalar(0.125))
  }

  private mutating func largest(_ x: ValueID) -> [ValueID]? {
    guard let place = add(ArgMax(axis: axis(x), keepsDimensions: random.oneIn(2)), x)?[0] else { return nil }
    return add(Cast(to: .float32), place)
  }

  /// The largest or smallest along a dimension; which they were depends on differences too small to keep.
  private mutating func ranking(_ x: ValueID) -> [ValueID]? {
    let axis = axis(x)
    let extent = shape(x)[axis < 0 ? axis + shape(x).count : axis]
    let op = TopK(count: random.int(1...extent), axis: axis, largest: random.oneIn(2))
    return add(op, x).map { [$0[0]] }
  }

  private mutating func sampling(_ x: ValueID) -> [ValueID]? {
    guard shape(x).count == 4 else { return nil }
    let grid = constant([shape(x)[0], random.int(1...3), random.int(1...3), 2], -1.3...1.3)
    let op = GridSample(
      mode: random.pick(GridSample.Mode.allCases), padding: random.pick(GridSample.Padding.allCases),
      alignsCorners: random.oneIn(2))
    return add(op, x, grid)
  }

  /// x divided by one of its dimensions, which is known only by its shape.
  private mutating func shapeAsNumbers(_ x: ValueID) -> [ValueID]? {
    let last = shape(x).count - 1
    guard let extent = add(Shape(start: last), x)?[0], let number = add(Cast(to: .float32), extent)?[0] else {
      return nil
    }
    return add(Binary(.div), x, number)
  }

  private mutating func constantOfShape(_ x: ValueID) -> [ValueID]? {
    let extents = graph.addConstant("\(name)_shape", Tensor(shape(x).map { Int64($0) }))
    guard let same = add(ConstantOfShape(value: Tensor([random.float(-1...1)])), extents)?[0] else { return nil }
    return add(Binary(.add), x, same)
  }

  private mutating func range(_ x: ValueID) -> [ValueID]? {
    guard let last = shape(x).last,
      let ramp = add(RangeOperator(), scalar(0), scalar(Float(last) * 0.1 - 0.05), scalar(0.1))?[0]
    else { return nil }
    return add(Binary(.add), x, ramp)
  }

  /// A value stored in eight bits by the model itself.
  private mutating func quantization(_ x: ValueID) -> [ValueID]? {
    add(QuantizeLinear(Quantization(scale: 0.03, zeroPoint: 4)), x).flatMap { add(DequantizeLinear(), $0[0]) }
  }
}
