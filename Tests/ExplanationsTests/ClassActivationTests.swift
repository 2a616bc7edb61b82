import Answers
import Explanations
import IR
import Math
import Operators
import Runtime
import Tensors
import TestSupport
import Testing
import Threads

struct ClassActivationTests {
  private static let shape = [1, 4, 3, 5]

  /// Heads of classifiers behind an activation of 4 channels, each of three classes or one number.
  enum Head: CaseIterable {
    case linear, meanOfReduce, convolutions, flattened, normalized, residual, singleLogit

    func add(to graph: inout Graph, _ a: ValueID, _ random: inout RandomNumbers) throws -> ValueID {
      func constant(_ shape: [Int], _ range: ClosedRange<Float> = -1...1) -> ValueID {
        graph.addConstant("c", random.tensor(shape, range))
      }
      func pooled() throws -> ValueID {
        let pool = try graph.add(GlobalAveragePool(), name: "pool", inputs: [a])[0]
        return try graph.add(Reshape(shape: [1, 4]), name: "flat", inputs: [pool])[0]
      }
      switch self {
      case .linear:
        return try graph.add(Gemm(), name: "fc", inputs: [pooled(), constant([3, 4]), constant([3])])[0]
      case .meanOfReduce:
        let mean = try graph.add(Reduce(.mean, axes: [2, 3], keepsDimensions: false), name: "mean", inputs: [a])[0]
        return try graph.add(Gemm(transB: false), name: "fc", inputs: [mean, constant([4, 3])])[0]
      case .convolutions:
        let pool = try graph.add(GlobalAveragePool(), name: "pool", inputs: [a])[0]
        let one = Window(kernel: [1, 1])
        let x = try graph.add(
          Conv(window: one, activation: .hardSwish), name: "conv", inputs: [pool, constant([6, 4, 1, 1])])[0]
        let y = try graph.add(Conv(window: one), name: "scores", inputs: [x, constant([3, 6, 1, 1])])[0]
        let flat = try graph.add(Reshape(shape: [1, 3]), name: "flat", inputs: [y])[0]
        return try graph.add(Softmax(), name: "softmax", inputs: [flat])[0]
      case .flattened:
        let flat = try graph.add(Reshape(shape: [1, 60]), name: "flat", inputs: [a])[0]
        let hidden = try graph.add(
          Gemm(activation: .silu), name: "hidden", inputs: [flat, constant([8, 60]), constant([8])])[0]
        return try graph.add(Gemm(), name: "fc", inputs: [hidden, constant([3, 8])])[0]
      case .normalized:
        let inputs = [try pooled(), constant([4]), constant([4]), constant([4]), constant([4], 0.5...1)]
        let normal = try graph.add(BatchNormalization(), name: "bn", inputs: inputs)[0]
        let tanh = try graph.add(Unary(.tanh), name: "tanh", inputs: [normal])[0]
        return try graph.add(Gemm(), name: "fc", inputs: [tanh, constant([3, 4])])[0]
      case .residual:
        let x = try pooled()
        let gate = try graph.add(
          Gemm(activation: .sigmoid), name: "gate", inputs: [x, constant([4, 4]), constant([4])])[0]
        let product = try graph.add(Binary(.mul), name: "gated", inputs: [x, gate])[0]
        let sum = try graph.add(Binary(.add), name: "sum", inputs: [product, x])[0]
        return try graph.add(Gemm(), name: "fc", inputs: [sum, constant([3, 4])])[0]
      case .singleLogit:
        let y = try graph.add(Gemm(), name: "fc", inputs: [pooled(), constant([1, 4])])[0]
        return try graph.add(Unary(.sigmoid), name: "probability", inputs: [y])[0]
      }
    }

    var meaning: OutputMeaning {
      switch self {
      case .singleLogit: OutputMeaning(output: "y", task: .binary, scores: .probabilities, count: 1)
      case .convolutions: OutputMeaning(output: "y", task: .multiclass, scores: .probabilities, count: 3)
      default: OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
      }
    }

    var isLinear: Bool { self == .linear || self == .meanOfReduce || self == .singleLogit }
  }

  /// A convolution that gives what it takes, so that the activation is the input, and a head.
  private static func graph(_ head: Head) throws -> Graph {
    var random = RandomNumbers(seed: 11)
    var graph = Graph(name: "explained")
    let x = graph.addInput("x", TensorType(.float32, shape))
    let identity = (0..<16).map { Float($0 / 4 == $0 % 4 ? 1 : 0) }
    let w = graph.addConstant("w", Tensor(identity, shape: [4, 4, 1, 1]))
    let a = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "conv", inputs: [x, w], outputNames: ["a"])[0]
    graph.addOutput(try head.add(to: &graph, a, &random))
    return graph
  }

  private static func run(_ graph: Graph, _ input: Tensor) throws -> Executor {
    let executor = Executor(try Plan(graph, math: KernelMath(), rowFusion: .standard), workers: Workers(threads: 1))
    executor.write(input, toInput: 0)
    executor.run()
    return executor
  }

  /// The logit of a class by the graph's own numbers.
  private static func score(_ graph: Graph, _ head: Head, _ input: Tensor, _ index: Int) throws -> Double {
    let values = try run(graph, input).floats(ofOutput: 0).map(Double.init)
    switch head {
    case .singleLogit:
      let logit = UnaryFunction.log(values[0] / (1 - values[0]))
      return index == 1 ? logit : -logit
    default: return values[index]
    }
  }

  @Test(arguments: Head.allCases, [0, 1])
  func mapIsTheActivationWeightedBySlopes(_ head: Head, _ index: Int) throws {
    let graph = try Self.graph(head)
    var source = graph
    if head == .convolutions {
      // Before the softmax: its logits are what is explained.
      let logits = try #require(graph.producer(of: graph.outputs[0])?.inputs[0])
      source.replaceUses(of: graph.outputs[0], with: logits)
    }
    var random = RandomNumbers(seed: 5)
    let input = random.tensor(Self.shape)
    let network = try ClassActivation(graph, output: 0, head.meaning)
    #expect(network.name == "a")
    let executor = try Self.run(network.graph, input)
    let map = try network.makeGradient().map(network.outputs.map(executor.outputTensor), ofClass: index)

    let values = input.elements(as: Float.self)
    let h: Float = 1 / 64
    var expected = [Double](repeating: 0, count: 15)
    for channel in 0..<4 {
      let moved = [h, -h].map { step in
        Tensor(values.enumerated().map { $0 / 15 == channel ? $1 + step : $1 }, shape: Self.shape)
      }
      let (up, down) = (
        try Self.score(source, head, moved[0], index), try Self.score(source, head, moved[1], index)
      )
      let weight = (up - down) / Double(2 * h) / 15
      for place in 0..<15 { expected[place] += weight * Double(values[channel * 15 + place]) }
    }
    for (found, wanted) in zip(map.values, expected) { #expect(abs(Double(found) - max(0, wanted)) < 2e-3) }
    #expect(!map.isEmpty)

    #expect((network.linearRefusal == nil) == head.isLinear)
    if head.isLinear {
      let linear = try network.linearMap(executor.floats(ofOutput: network.outputs[0]), ofClass: index)
      for (a, b) in zip(map.values, linear.values) { #expect(abs(a - b) <= 1e-6) }
    }
  }

  /// The activation and weights are those that the integers mean.
  @Test func int8NetworkIsExplainedByWhatItsIntegersMean() throws {
    var random = RandomNumbers(seed: 3)
    func weights(_ shape: [Int]) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in Int8(random.int(-127...127)) }, shape: shape)
    }
    var graph = Graph(name: "int8")
    let x = graph.addInput("x", TensorType(.float32, Self.shape))
    let q = try graph.add(QuantizeLinear(Quantization(scale: 1 / 64, zeroPoint: 3)), name: "q", inputs: [x])[0]
    let convScales = Tensor([Float](repeating: 1 / 256, count: 5))
    let relu = Int8Output(Quantization(scale: 1 / 100, zeroPoint: -128), clamp: (0, .infinity))
    let a = try graph.add(
      ConvInt8(window: Window(kernel: [1, 1]), group: 1, output: relu), name: "conv",
      inputs: [q, graph.addConstant("w", weights([5, 4, 1, 1])), graph.addConstant("s", convScales)],
      outputNames: ["a"])[0]
    let pool = try graph.add(
      AveragePoolInt8(window: nil, output: Quantization(scale: 1 / 100, zeroPoint: -128)), name: "pool", inputs: [a])[0]
    let flat = try graph.add(Reshape(shape: [1, 5]), name: "flat", inputs: [pool])[0]
    let rows = weights([3, 5])
    let scales: [Float] = [0.01, 0.02, 0.03]
    let y = try graph.add(
      GemmInt8(output: nil), name: "fc",
      inputs: [flat, graph.addConstant("v", rows), graph.addConstant("t", Tensor(scales))])[0]
    graph.addOutput(y)

    let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
    let network = try ClassActivation(graph, output: 0, meaning)
    #expect(network.name == "a")
    let input = random.tensor(Self.shape)
    let executor = try Self.run(network.graph, input)
    // What is looked at changes nothing of the answer.
    #expect(executor.floats(ofOutput: 0) == (try Self.run(graph, input).floats(ofOutput: 0)))
    let activation = executor.floats(ofOutput: network.outputs[0])
    // Multiples of the activation's scale that its integers can mean.
    #expect(activation.allSatisfy { $0 >= 0 && abs($0 * 100 - ($0 * 100).rounded()) < 1e-3 })
    let integers = rows.elements(as: Int8.self)
    for index in 0..<3 {
      let map = try network.makeGradient().map(network.outputs.map(executor.outputTensor), ofClass: index)
      let linear = try network.linearMap(activation, ofClass: index)
      for place in 0..<15 {
        let sum = (0..<5).reduce(Float(0)) {
          $0 + Float(integers[index * 5 + $1]) * scales[index] / 15 * activation[$1 * 15 + place]
        }
        #expect(abs(map.values[place] - max(0, sum)) < 1e-5)
        #expect(abs(linear.values[place] - max(0, sum)) < 1e-5)
      }
    }
  }

  @Test func lastActivationIsBehindTheBranches() throws {
    var random = RandomNumbers(seed: 2)
    var graph = Graph(name: "branches")
    let x = graph.addInput("x", TensorType(.float32, [1, 3, 8, 8]))
    let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
    let first = try graph.add(
      Conv(window: window), name: "first", inputs: [x, graph.addConstant("w", random.tensor([6, 3, 3, 3]))])[0]
    // Squeeze and excite: the scale goes round the activation, their product is what everything goes through.
    let pool = try graph.add(GlobalAveragePool(), name: "squeeze", inputs: [first])[0]
    let gate = try graph.add(
      Conv(window: Window(kernel: [1, 1]), activation: .sigmoid), name: "excite",
      inputs: [pool, graph.addConstant("g", random.tensor([6, 6, 1, 1]))])[0]
    let scaled = try graph.add(Binary(.mul), name: "scale", inputs: [first, gate], outputNames: ["scaled"])[0]
    // As tf2onnx leaves it before flattening; what is NHWC is no map of rows and columns to us.
    let turned = try graph.add(Transpose(perm: [0, 2, 3, 1]), name: "turn", inputs: [scaled])[0]
    let flat = try graph.add(Reshape(shape: [1, 384]), name: "flat", inputs: [turned])[0]
    let y = try graph.add(Gemm(), name: "fc", inputs: [flat, graph.addConstant("v", random.tensor([2, 384]))])[0]
    graph.addOutput(y)
    let last = try LastActivation(of: graph, from: x, to: y)
    #expect(graph[last.value].name == "scaled")
    #expect([last.channels, last.height, last.width] == [6, 8, 8])
  }

  @Test func networksWithoutMapsAreRefused() throws {
    var random = RandomNumbers(seed: 2)
    var graph = Graph(name: "rows")
    let x = graph.addInput("x", TensorType(.float32, [1, 8]))
    let y = try graph.add(Gemm(), name: "fc", inputs: [x, graph.addConstant("v", random.tensor([2, 8]))])[0]
    graph.addOutput(y)
    let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 2)
    #expect {
      _ = try ClassActivation(graph, output: 0, meaning)
    } throws: {
      "\($0)".contains("no value of rows and columns") && "\($0)".contains("--method occlusion")
    }
    #expect {
      _ = try ClassActivation(graph, output: 0, OutputMeaning(output: "y", task: .none, scores: .logits, count: 2))
    } throws: {
      "\($0)".contains("decides on no classes")
    }

    var other = Graph(name: "sorted")
    let image = other.addInput("x", TensorType(.float32, [1, 3, 4, 4]))
    let a = try other.add(
      Conv(window: Window(kernel: [1, 1])), name: "conv",
      inputs: [image, other.addConstant("w", random.tensor([4, 3, 1, 1]))])[0]
    let pool = try other.add(GlobalAveragePool(), name: "pool", inputs: [a])[0]
    let flat = try other.add(Reshape(shape: [1, 4]), name: "flat", inputs: [pool])[0]
    let top = try other.add(TopK(count: 2, axis: 1), name: "best two", inputs: [flat])[0]
    other.addOutput(top)
    #expect {
      _ = try ClassActivation(other, output: 0, meaning)
    } throws: {
      "\($0)".contains("best two") && "\($0)".contains("has no gradient") && "\($0)".contains("--method occlusion")
    }
  }
}
