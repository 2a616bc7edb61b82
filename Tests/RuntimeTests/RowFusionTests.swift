import IR
import Math
import Operators
import Runtime
import Tensors
import Testing
import Threads

/// Deterministic numbers.
private struct Numbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func int8(_ shape: [Int]) -> Tensor {
    Tensor((0..<shape.reduce(1, *)).map { _ in Int8(truncatingIfNeeded: Int(next() % 255) - 127) }, shape: shape)
  }

  mutating func floats(_ shape: [Int], scale: Float = 1) -> Tensor {
    Tensor(
      (0..<shape.reduce(1, *)).map { _ in (Float(next() % 2001) / 1000 - 1) * scale }, shape: shape)
  }
}

/// Builds chains of layers on one value.
private struct Chain {
  var graph = Graph(name: "chain")
  var numbers: Numbers
  var value: ValueID

  init(_ shape: [Int], seed: UInt64) {
    numbers = Numbers(state: seed)
    value = graph.addInput("x", TensorType(.float32, shape))
  }

  var shape: [Int] { graph.type(of: value).shape }

  mutating func quantize() throws {
    value = try graph.add(QuantizeLinear(Quantization(scale: 0.01, zeroPoint: 3)), name: "q", inputs: [value])[0]
  }

  /// An int8 convolution with a clamp, or a table where `function` is not the identity.
  mutating func conv(
    _ channels: Int, _ window: Window = Window(kernel: [1, 1]), isDepthwise: Bool = false,
    function: UnaryFunction = .identity
  ) throws {
    let inner = isDepthwise ? 1 : shape[1]
    let name = "conv\(graph.nodeCount)"
    let weights = graph.addConstant("\(name).w", numbers.int8([channels, inner] + window.kernel))
    let scales = graph.addConstant("\(name).s", Tensor([Float](repeating: 0.004, count: channels), shape: [channels]))
    let quantization = Quantization(scale: 0.02, zeroPoint: -5)
    let output =
      function == .identity
      ? Int8Output(quantization, clamp: (0, 2)) : Int8Output(quantization, function: function, of: quantization)
    value = try graph.add(
      ConvInt8(window: window, group: isDepthwise ? channels : 1, output: output), name: name,
      inputs: [value, weights, scales])[0]
  }

  mutating func add(_ other: ValueID, isFirst: Bool) throws {
    let output = Int8Output(Quantization(scale: 0.03, zeroPoint: 1))
    value = try graph.add(
      AddInt8(output: output), name: "add\(graph.nodeCount)", inputs: isFirst ? [value, other] : [other, value])[0]
  }

  mutating func floatConv(_ channels: Int, _ window: Window, group: Int = 1) throws {
    let weights = graph.addConstant(
      "w\(graph.nodeCount)", numbers.floats([channels, shape[1] / group] + window.kernel, scale: 0.2))
    value = try graph.add(
      Conv(window: window, group: group, activation: .relu), name: "conv\(graph.nodeCount)", inputs: [value, weights])[
        0]
  }
}

private let three = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
private let threeBy2 = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
private let five = Window(kernel: [5, 5], pads: [2, 2, 2, 2])

/// Chains with every kind of window, operand and function the fusion knows.
private func chains() throws -> [(name: String, graph: Graph)] {
  var result: [(String, Graph)] = []
  func make(_ name: String, _ shape: [Int], _ build: (inout Chain) throws -> Void) throws {
    var chain = Chain(shape, seed: UInt64(result.count + 1))
    try build(&chain)
    chain.graph.addOutput(chain.value)
    result.append((name, chain.graph))
  }
  try make("inverted residual", [1, 3, 21, 19]) { chain in
    try chain.quantize()
    try chain.conv(8, threeBy2)
    let block = chain.value
    try chain.conv(48)
    try chain.conv(48, three, isDepthwise: true)
    try chain.conv(8)
    try chain.add(block, isFirst: false)
  }
  try make("operand first", [1, 3, 12, 11]) { chain in
    try chain.quantize()
    let block = chain.value
    try chain.conv(3, five)
    try chain.add(block, isFirst: true)
    try chain.conv(5)
  }
  try make("strides and dilations", [1, 3, 33, 17]) { chain in
    try chain.quantize()
    try chain.conv(7, Window(kernel: [5, 3], strides: [2, 1], dilations: [2, 1], pads: [3, 0, 4, 2]))
    try chain.conv(7, Window(kernel: [3, 3], strides: [3, 2], pads: [1, 1, 0, 1]), isDepthwise: true)
    try chain.conv(9, Window(kernel: [2, 2], pads: [0, 1, 1, 0]))
  }
  try make("strides beyond kernels", [1, 3, 40, 9]) { chain in
    try chain.quantize()
    try chain.conv(6)
    try chain.conv(6, Window(kernel: [1, 1], strides: [4, 2]))
    try chain.conv(6, three)
  }
  try make("functions and factors", [1, 3, 18, 18]) { chain in
    try chain.quantize()
    try chain.conv(16, threeBy2, function: .silu)
    try chain.conv(16, five, isDepthwise: true, function: .silu)
    let before = chain.value
    let pooled = try chain.graph.add(
      AveragePoolInt8(window: nil, output: Quantization(scale: 0.02, zeroPoint: -5)), name: "pool",
      inputs: [before])[0]
    let output = Int8Output(Quantization(scale: 0.01, zeroPoint: 2))
    chain.value = try chain.graph.add(MulInt8(output: output), name: "mul", inputs: [before, pooled])[0]
    chain.value = try chain.graph.add(
      LookupInt8(.sigmoid, output: Quantization(scale: 1.0 / 256, zeroPoint: -128)), name: "sigmoid",
      inputs: [chain.value])[0]
    chain.value = try chain.graph.add(MaxPool(window: threeBy2), name: "max", inputs: [chain.value])[0]
    try chain.conv(4)
  }
  try make("float32", [1, 3, 25, 23]) { chain in
    try chain.floatConv(8, threeBy2)
    try chain.floatConv(24, Window(kernel: [1, 1]))
    try chain.floatConv(24, five, group: 24)
    chain.value = try chain.graph.add(AveragePool(window: threeBy2), name: "pool", inputs: [chain.value])[0]
    try chain.floatConv(8, Window(kernel: [1, 1]))
  }
  return result
}

@Suite struct RowFusionTests {
  private func bits(_ plan: Plan, _ input: Tensor, threads: Int) -> [UInt8] {
    let executor = Executor(plan, workers: Workers(threads: threads))
    // Twice, so that the second run finds the memory as the first left it.
    for _ in 0..<2 {
      executor.write(input, toInput: 0)
      executor.run()
    }
    return executor.withOutput(0) { Array($0.bytes) }
  }

  /// Chains computed in bands of one row and more, by one thread and more, have the bits of their layers one by one.
  @Test func bandsGiveTheSameBits() throws {
    for (name, graph) in try chains() {
      var numbers = Numbers(state: 99)
      let input = numbers.floats(graph.type(of: graph.inputs[0]).shape)
      let plain = try Plan(graph, math: KernelMath())
      let expected = bits(plain, input, threads: 1)
      #expect(Set(expected).count > 5, "\(name): the layers compute something")
      let meaning = try reference(graph, input)
      let isMeant = meaning.withBytes { expected.elementsEqual($0) }
      #expect(isMeant, "\(name)")
      for budget in [0, 1 << 10, 4 << 10, 1 << 20] {
        let limits = RowFusion.Limits(
          leastBytes: 0, mostWeightBytes: 1 << 20, int8Budget: budget, floatBudget: budget)
        let fused = try Plan(graph, math: KernelMath(), rowFusion: limits)
        #expect(fused.steps.count < plain.steps.count, "\(name)")
        for threads in [1, 2, 3] {
          let isSame = bits(fused, input, threads: threads) == expected
          #expect(isSame, "\(name), budget \(budget), threads \(threads)")
        }
      }
    }
  }

  /// What flows inside a chain needs no room beside the rows of a band.
  @Test func chainsTakeLessMemory() throws {
    var chain = Chain([1, 3, 64, 64], seed: 5)
    try chain.quantize()
    try chain.conv(64)
    try chain.conv(64, three, isDepthwise: true)
    try chain.conv(8)
    chain.graph.addOutput(chain.value)
    let plain = try Plan(chain.graph, math: KernelMath())
    let fused = try Plan(chain.graph, math: KernelMath(), rowFusion: .device)
    #expect(plain.arenaBytes >= 2 * 64 * 64 * 64)
    #expect(fused.arenaBytes < 64 * 64 * 64)
    #expect(fused.scratchBytes < 160 << 10)
    #expect(fused.packedBytes == plain.packedBytes)
  }

  /// A value that stays readable is not swallowed by a chain.
  @Test func keptValuesEndChains() throws {
    var chain = Chain([1, 3, 16, 16], seed: 6)
    try chain.quantize()
    try chain.conv(16)
    let kept = chain.value
    try chain.conv(8)
    chain.graph.addOutput(chain.value)
    let limits = RowFusion.Limits(leastBytes: 0, mostWeightBytes: 1 << 20, int8Budget: 1 << 20, floatBudget: 1 << 20)
    let plan = try Plan(chain.graph, math: KernelMath(), keep: [kept], rowFusion: limits)
    #expect(plan.steps.contains { $0.values == [kept] })
  }

  /// Limits are limits: small tensors and large weights are left alone.
  @Test func limitsHold() throws {
    var chain = Chain([1, 3, 32, 32], seed: 7)
    try chain.quantize()
    try chain.conv(64)
    try chain.conv(64)
    chain.graph.addOutput(chain.value)
    func steps(least: Int, weights: Int) throws -> Int {
      let limits = RowFusion.Limits(
        leastBytes: least, mostWeightBytes: weights, int8Budget: 1 << 16, floatBudget: 1 << 16)
      return try Plan(chain.graph, math: KernelMath(), rowFusion: limits).steps.count
    }
    let layers = try Plan(chain.graph, math: KernelMath()).steps
    let plain = layers.count
    // The first convolution has fewer weights than the second.
    let first = try #require(layers.map(\.kernel.packedBytes).filter { $0 > 0 }.min())
    #expect(try steps(least: 0, weights: 1 << 20) == plain - 2)
    #expect(try steps(least: 4096, weights: 1 << 20) == plain - 1)
    #expect(try steps(least: 1 << 20, weights: 1 << 20) == plain)
    #expect(try steps(least: 0, weights: first) == plain - 1)
    #expect(try steps(least: 0, weights: first - 1) == plain)
  }
}
