import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing
import Threads

/// Vector-Jacobian products against differences of what the operators compute.
struct GradientTests {
  /// Operators whose float outputs change with float inputs and that have no product.
  @Test func operatorsWithoutProductAreKnown() {
    let without = OperatorSet.all.filter { !($0 is any Differentiable.Type) }.map { $0.name }
    let integers = [
      "AddInt8", "ArgMax", "AveragePoolInt8", "Compare", "ConcatInt8", "ConstantOfShape", "ConvInt8",
      "DequantizeLinear", "GemmInt8", "LookupInt8", "MatMulInt8", "MulInt8", "QuantizeLinear", "Range", "Shape",
    ]
    #expect(Set(without).subtracting(integers) == ["GridSample", "TopK"])
  }

  @Test(arguments: GradientTests.layers + GradientTests.pools + GradientTests.elements + GradientTests.moves)
  func productsAreSlopes(_ example: Example) throws {
    let (op, inputs) = (example.op, example.inputs)
    var random = RandomNumbers(seed: 5)
    let isConstant = { (index: Int) in example.constants.contains(index) }
    var graph = Graph(name: "gradient")
    let values = inputs.enumerated().map { index, tensor in
      isConstant(index) ? graph.addConstant("c\(index)", tensor) : graph.addInput("x\(index)", tensor.type)
    }
    let outputs = try graph.add(op, name: "node", inputs: values.map { $0 })
    let node = try #require(graph.producer(of: outputs[0]))
    let changes = outputs.map { random.tensor(graph.type(of: $0).shape) }
    let gradients = changes.map { graph.addInput("v", $0.type) }
    let wanted = values.indices.filter { !isConstant($0) && inputs[$0].element == .float32 }
    let differentiable = try #require(op as? any Differentiable)
    var product = VectorJacobianProduct(
      graph, node, outputGradients: gradients, wanted: Set(wanted.map { values[$0] }))
    let results = try differentiable.gradients(&product)
    graph = product.graph
    let found = wanted.map { $0 < results.count ? results[$0] : nil }
    for case let value? in found { graph.addOutput(value) }
    try Verifier.check(graph)
    var computed = try GraphEvaluation.outputs(
      of: graph, inputs: inputs.indices.filter { !isConstant($0) }.map { inputs[$0] } + changes)

    for (index, value) in zip(wanted, found) {
      let slopes = try slopes(example, input: index, changes)
      guard value != nil else {
        #expect(slopes.allSatisfy { $0 == 0 })
        continue
      }
      let gradient = computed.removeFirst()
      #expect(gradient.shape == inputs[index].shape)
      expectClose(gradient.elements(as: Float.self), slopes, tolerance: 1e-3)
    }
  }

  /// (v' f(x + h) - v' f(x - h)) / 2 h for every element of an input.
  private func slopes(_ example: Example, input: Int, _ changes: [Tensor]) throws -> [Float] {
    let h = Float(1) / 512
    let values = example.inputs[input].elements(as: Float.self)
    func number(_ index: Int, _ value: Float) throws -> Double {
      var moved = values
      moved[index] = value
      var inputs = example.inputs
      inputs[input] = Tensor(moved, shape: example.inputs[input].shape)
      let outputs = try evaluate(
        example.op, inputs: inputs, layout: example.op.layout == .channelsLast ? .channelsLast : .rowMajor,
        workers: Workers(threads: 1)
      ) { example.constants.contains($0) }
      return zip(outputs, changes).reduce(0) { sum, pair in
        sum + zip(pair.0.doubles(), pair.1.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    return try values.indices.map { index in
      let (up, down) = (values[index] + h, values[index] - h)
      return Float((try number(index, up) - number(index, down)) / Double(up - down))
    }
  }

  /// Of equal values the first is the largest.
  @Test func maximumOfEqualsIsTheFirst() throws {
    var graph = Graph(name: "ties")
    let x = graph.addInput("x", TensorType(.float32, [1, 1, 1, 4]))
    let v = graph.addInput("v", TensorType(.float32, [1, 1, 1, 3]))
    let op = MaxPool(window: Window(kernel: [1, 2]))
    let y = try graph.add(op, name: "pool", inputs: [x])[0]
    let node = try #require(graph.producer(of: y))
    var product = VectorJacobianProduct(graph, node, outputGradients: [v], wanted: [x])
    let gradient = try #require(try op.gradients(&product)[0])
    graph = product.graph
    graph.addOutput(gradient)
    let result = try GraphEvaluation.outputs(
      of: graph,
      inputs: [Tensor([Float(3), 3, 3, 1], shape: [1, 1, 1, 4]), Tensor([Float(1), 10, 100], shape: [1, 1, 1, 3])])
    #expect(result[0].elements(as: Float.self) == [1, 10, 100, 0])
  }

  @Test func weightsThatFlowAreRefused() throws {
    var graph = Graph(name: "flow")
    let x = graph.addInput("x", TensorType(.float32, [1, 2, 3, 3]))
    let w = graph.addInput("w", TensorType(.float32, [2, 2, 1, 1]))
    let op = Conv(window: Window(kernel: [1, 1]))
    let y = try graph.add(op, name: "conv", inputs: [x, w])[0]
    let node = try #require(graph.producer(of: y))
    var product = VectorJacobianProduct(graph, node, outputGradients: [y], wanted: [x, w])
    #expect(throws: Refusal("weights that are computed at run time have no gradient here")) {
      try op.gradients(&product)
    }
  }

  // MARK: Cases

  /// Numbers between -1 and 1 that lie apart from each other and from 0, so that no step of a difference crosses what
  /// a clamp or a maximum makes a corner.
  private static func apart(_ shape: [Int], seed: UInt64 = 1, _ range: ClosedRange<Float> = -1...1) -> Tensor {
    var random = RandomNumbers(seed: seed)
    let count = shape.reduce(1, *)
    let width = range.upperBound - range.lowerBound
    return Tensor(
      random.shuffled(count).map { range.lowerBound + width * (Float($0) + 0.5) / Float(count) }, shape: shape)
  }

  private static let image = apart([2, 4, 5, 6])
  private static let matrix = apart([3, 4])

  private static let layers: [Example] = {
    let windows = [
      Window(kernel: [3, 3], pads: [1, 1, 1, 1]),
      Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]),
      Window(kernel: [3, 3], strides: [2, 2], pads: [0, 1, 1, 0]),
      Window(kernel: [2, 2], strides: [3, 3]),
      Window(kernel: [3, 1], strides: [1, 2], pads: [0, 1, 2, 0]),
      Window(kernel: [3, 2], dilations: [2, 3], pads: [1, 2, 3, 0]),
      Window(kernel: [2, 2], strides: [2, 3], dilations: [2, 1], pads: [2, 0, 0, 1]),
      Window(kernel: [1, 1]),
      Window(kernel: [1, 1], strides: [2, 2]),
      Window(kernel: [1, 1], strides: [2, 3], pads: [1, 0, 1, 2]),
    ]
    let convolutions = windows.flatMap { window in
      [(1, 6), (2, 6), (4, 8)].map { group, filters in
        Example(
          Conv(window: window, group: group), [image, noise([filters, 4 / group] + window.kernel), noise([filters])],
          constants: [1, 2])
      }
    }
    let transposed = [windows[1], windows[5], windows[9]].map { window in
      Example(
        ConvTranspose(window: window, outputPadding: [1, 0], group: 2), [image, noise([4, 3] + window.kernel)],
        constants: [1])
    }
    let tokens = apart([2, 3, 4])
    return convolutions + transposed + [
      Example(Gemm(), [tokens, noise([5, 4]), noise([5])], constants: [1, 2]),
      Example(Gemm(transB: false), [matrix, noise([4, 5])], constants: [1]),
      Example(MatMul(), [matrix, apart([2, 4, 5], seed: 2)]),
      Example(MatMul(alpha: 0.25), [apart([2, 1, 4, 3]), apart([5, 3, 2], seed: 2)]),
      Example(MatMul(), [tokens, noise([4, 5])], constants: [1]),
      Example(MatMul(), [apart([4]), apart([2, 4, 5], seed: 2)]),
      Example(MatMul(), [tokens, apart([4], seed: 2)]),
      Example(ScaleShift(), [image, noise([4]), noise([4], seed: 2)], constants: [1, 2]),
      Example(
        BatchNormalization(), [image, noise([4]), noise([4], seed: 2), noise([4], seed: 3), counting([4])],
        constants: [1, 2, 3, 4]),
      Example(LayerNormalization(axis: -1), [tokens, noise([4]), noise([4], seed: 2)], constants: [1, 2]),
      Example(LayerNormalization(axis: 1, epsilon: 0.1), [tokens, noise([3, 4])], constants: [1]),
      Example(InstanceNormalization(), [image, noise([4]), noise([4], seed: 2)], constants: [1, 2]),
      Example(LRN(size: 3, alpha: 0.5), [image]),
      Example(LRN(size: 4, alpha: 2, beta: 0.5, bias: 2), [image]),
      Example(Softmax(axis: 1), [image]),
      Example(Softmax(), [matrix]),
      Example(LogSoftmax(axis: 1), [image]),
    ]
  }()

  private static let pools: [Example] = {
    let window = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
    let wide = Window(kernel: [2, 3], strides: [1, 2], dilations: [2, 1], pads: [0, 1, 1, 0])
    let apart = Window(kernel: [1, 2], strides: [3, 4])
    return [window, wide, apart].flatMap { window in
      [false, true].flatMap { ceiling in
        [
          Example(MaxPool(window: window, ceiling: ceiling), [image]),
          Example(AveragePool(window: window, ceiling: ceiling), [image]),
          Example(AveragePool(window: window, ceiling: ceiling, countIncludePad: true), [image]),
        ]
      }
    } + [
      Example(GlobalAveragePool(), [image]),
      Example(GlobalMaxPool(), [image]),
    ]
      + Reduce.Function.allCases.flatMap { function in
        [
          Example(Reduce(function, axes: [1, -1]), [image]),
          Example(Reduce(function, axes: [0], keepsDimensions: false), [matrix]),
          Example(Reduce(function, axes: []), [matrix]),
        ]
      }
  }()

  private static let elements: [Example] = {
    let functions: [UnaryFunction] = [
      .identity, .relu, .clip(lower: -0.5, upper: 0.4), .clip(lower: -.infinity, upper: 0.3), .sigmoid, .silu, .tanh,
      .hardSigmoid(alpha: 0.7, beta: 0.4), .hardSwish, .leakyRelu(alpha: 0.1), .elu(alpha: 0.7), .gelu, .erf, .exp,
      .softplus, .mish, .abs, .neg, .floor, .ceil, .round, .selu(alpha: 1.6, gamma: 1.05), .sign, .sin, .cos, .tan,
      .atan, .sinh, .cosh, .asinh,
    ]
    // As far as where some are flat; away from their corners.
    let wide = GradientTests.apart([2, 3, 4], -3.9...4.2)
    let positive = GradientTests.apart([3, 4], 0.3...2)
    let large = GradientTests.apart([3, 4], 1.3...3)
    let unit = GradientTests.apart([3, 4], -0.9...0.9)
    let binary: [Binary.Function] = [.add, .sub, .mul, .div, .min, .max, .pow]
    let condition = Tensor([true, false, true, false])
    let remainder = [
      Example(Binary(.remainder), [wide, Tensor([Float(1.5)])], constants: [1])
    ]
    return functions.map { Example(Unary($0), [$0 == .tan ? unit : wide]) }
      + [UnaryFunction.log, .sqrt, .reciprocal].map { Example(Unary($0), [positive]) }
      + [UnaryFunction.asin, .acos, .atanh].map { Example(Unary($0), [unit]) } + [Example(Unary(.acosh), [large])]
      + binary.flatMap { function in
        [
          Example(Binary(function), [positive, GradientTests.apart([3, 4], seed: 2, 0.37...2)]),
          Example(Binary(function), [positive, GradientTests.apart([2, 3, 1], seed: 2, 0.35...2)]),
          Example(Binary(function), [GradientTests.apart([1, 4], seed: 2, 0.35...2), positive], constants: [0]),
          Example(Binary(function), [positive, Tensor(scalar: Float(1.5))], constants: [1]),
        ]
      } + remainder + [
        Example(PRelu(), [image, noise([4, 1, 1])], constants: [1]),
        Example(Where(), [condition, matrix, GradientTests.apart([4], seed: 2)]),
        Example(Where(), [condition, GradientTests.apart([2, 1, 1]), matrix]),
        Example(Cast(to: .float32), [matrix]),
      ]
  }()

  private static let moves: [Example] = [
    Example(ChannelShuffle(groups: 2), [apart([2, 6, 2, 3])]),
    Example(Concat(axis: 1), [image, apart([2, 3, 5, 6], seed: 2), apart([2, 1, 5, 6], seed: 3)], constants: [1]),
    Example(DepthToSpace(block: 2), [apart([2, 8, 2, 3])]),
    Example(DepthToSpace(block: 2, mode: .columnRowDepth), [apart([2, 8, 2, 3])]),
    Example(SpaceToDepth(block: 2), [apart([2, 3, 4, 6])]),
    Example(Expand(shape: [2, 3, 4]), [apart([3, 1])]),
    Example(Gather(axis: 1), [matrix, integers([0, -1, 0, 2], shape: [2, 2])], constants: [1]),
    Example(Gather(axis: -2), [matrix, integers([1], shape: [])], constants: [1]),
    Example(Pad(pads: [0, 1, 1, -1, 0, 0, 2, 3]), [image]),
    Example(Pad(pads: [0, 0, 1, -1, 0, 1, 2, 0], mode: .reflect), [image]),
    Example(Pad(pads: [0, 0, 3, -1, 0, 1, 0, 2], mode: .edge), [image]),
    Example(Reshape(shape: [0, -1]), [image]),
    Example(Resize(sizes: [7, 3], scales: [1.5, 0.5], mode: .linear), [image]),
    Example(Resize(sizes: [10, 12]), [image]),
    Example(Slice(starts: [1, -1], ends: [4, 0], axes: [1, 3], steps: [2, -2]), [image]),
    Example(Slice(starts: [1, 4], ends: [3, -9], axes: [1, 2], steps: [9, -1]), [image]),
    Example(Slice(starts: [0], ends: [9], axes: [3], steps: [4]), [image]),
    Example(Split(axis: 1, sizes: [1, 3]), [image]),
    Example(Tile(repeats: [1, 2, 3]), [apart([2, 3, 2])]),
    Example(Transpose(perm: [0, 2, 3, 1]), [image]),
    Example(Transpose(perm: [1, 2, 0]), [apart([2, 3, 4])]),
  ]
}
