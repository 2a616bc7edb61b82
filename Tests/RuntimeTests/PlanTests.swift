import IR
import Math
import Operators
import Runtime
import Tensors
import Testing
import Threads

private func tensor(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  var state = seed
  let count = shape.reduce(1, *)
  return Tensor(
    (0..<count).map { _ -> Float in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }, shape: shape)
}

/// input -> 3x3 convolution -> ReLU -> 1x1 convolution + input-sized branch -> pooling -> reshape
private func network() throws -> Graph {
  var graph = Graph(name: "net")
  let x = graph.addInput("x", TensorType(.float32, [1, 4, 9, 7]))
  let w1 = graph.addConstant("w1", tensor([6, 4, 3, 3], seed: 2))
  let b1 = graph.addConstant("b1", tensor([6], seed: 3))
  let conv = try graph.add(
    Conv(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1])), name: "conv", inputs: [x, w1, b1])[0]
  let relu = try graph.add(Unary(.relu), name: "relu", inputs: [conv])[0]
  let w2 = graph.addConstant("w2", tensor([6, 6, 1, 1], seed: 4))
  let point = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "point", inputs: [relu, w2])[0]
  let sum = try graph.add(Binary(.add), name: "sum", inputs: [point, relu])[0]
  let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [sum])[0]
  let flat = try graph.add(Reshape(shape: [0, -1]), name: "flat", inputs: [pooled])[0]
  graph.addOutput(flat)
  return graph
}

@Suite struct PlanTests {
  /// Weights that kernels have packed are not held a second time; constants that kernels read are.
  @Test func holdsOnlyConstantsThatAreRead() throws {
    var graph = try network()
    #expect(try Plan(graph, math: KernelMath()).storages.allSatisfy { $0.constant == nil })
    let c = graph.addConstant("c", tensor([1, 6], seed: 5))
    let output = try graph.add(Binary(.add), name: "shift", inputs: [graph.outputs[0], c])[0]
    graph.addOutput(output)
    #expect(try Plan(graph, math: KernelMath()).storages.count { $0.constant != nil } == 1)
  }

  @Test(arguments: [1, 2, 3]) func computesWhatTheOperatorsMean(threads: Int) throws {
    let graph = try network()
    let input = tensor([1, 4, 9, 7])
    let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: threads))
    let expected = try reference(graph, input)
    for _ in 0..<3 {
      executor.write(input, toInput: 0)
      executor.run()
      #expect(executor.outputTensor(0).elements(as: Float.self) == expected.elements(as: Float.self))
    }
  }

  /// Turning one output to row-major is a step after those that computed the others: it must not write over them.
  @Test func outputsOutliveTheConversionOfOthers() throws {
    var graph = Graph(name: "outputs")
    let x = graph.addInput("x", TensorType(.float32, [1, 1, 1, 2]))
    func conv(_ channels: Int, _ window: Window) throws -> ValueID {
      let name = "conv\(graph.nodeCount)"
      let w = graph.addConstant("\(name)_w", tensor([channels, 1] + window.kernel, seed: UInt64(graph.nodeCount + 2)))
      return try graph.add(Conv(window: window), name: name, inputs: [x, w])[0]
    }
    let first = try conv(2, Window(kernel: [1, 1]))
    let second = try conv(1, Window(kernel: [3, 2], pads: [1, 1, 2, 1]))
    let third = try conv(2, Window(kernel: [1, 1]))
    for output in [second, first, third] { graph.addOutput(output) }
    let input = tensor([1, 1, 1, 2])
    let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: 1))
    executor.write(input, toInput: 0)
    executor.run()
    let results = (0..<3).map { executor.outputTensor($0).elements(as: Float.self) }
    let expected = try values(of: graph, input)
    #expect(results == graph.outputs.map { expected[$0]?.elements(as: Float.self) })
  }

  @Test func channelsLastInputsAreTakenAsTheyLie() throws {
    let graph = try network()
    let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: 1))
    #expect(executor.plan.inputs[0].layout == .channelsLast)
    let input = tensor([1, 4, 9, 7])
    let values: [Float] = input.elements()
    var moved = [Float](repeating: 0, count: values.count)
    for c in 0..<4 {
      for p in 0..<63 { moved[p * 4 + c] = values[c * 63 + p] }
    }
    moved.withUnsafeBytes { executor.write($0, layout: .channelsLast, toInput: 0) }
    executor.run()
    let expected = try reference(graph, input)
    #expect(executor.outputTensor(0).elements(as: Float.self) == expected.elements(as: Float.self))
  }

  /// Storages that are alive together never overlap, and the arena is not much larger than it must be.
  @Test func memoryIsReusedWithoutOverlap() throws {
    let plan = try Plan(network(), math: KernelMath())
    let own = plan.storages.filter { $0.constant == nil && $0.sharedWith == nil }
    for (index, a) in own.enumerated() {
      for b in own[(index + 1)...] where a.first <= b.last && b.first <= a.last {
        #expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset)
      }
    }
    let total = own.reduce(0) { $0 + $1.bytes }
    #expect(plan.arenaBytes < total)
    #expect(plan.arenaBytes >= plan.peakActivationBytes)
  }

  /// The first constant is packed, the other read as it is.
  @Test func memoryIsAllThatRunningTakes() throws {
    var graph = Graph(name: "net")
    let x = graph.addInput("x", TensorType(.float32, [1, 4, 9, 7]))
    let w = graph.addConstant("w", tensor([6, 4, 3, 3]))
    let conv = try graph.add(Conv(window: Window(kernel: [3, 3])), name: "conv", inputs: [x, w, nil])[0]
    let other = graph.addConstant("other", tensor([1, 6, 7, 5]))
    graph.addOutput(try graph.add(Binary(.add), name: "sum", inputs: [conv, other])[0])
    let plan = try Plan(graph, math: KernelMath(), rowFusion: .standard)
    let memory = plan.memory
    #expect(memory.arenaBytes == plan.arenaBytes && memory.arenaBytes >= plan.peakActivationBytes)
    #expect(memory.scratchBytes == plan.steps.map(\.kernel.scratch).max())
    #expect(memory.packedBytes >= 6 * 4 * 3 * 3 * 4)
    #expect(memory.memoryBytes == memory.arenaBytes + memory.scratchBytes + memory.packedBytes + 6 * 7 * 5 * 4)
  }

  @Test func transposesOfTheInputThatOnlyRenameAreFree() throws {
    var graph = Graph(name: "nhwc")
    let x = graph.addInput("x", TensorType(.float32, [1, 5, 6, 3]))
    let nchw = try graph.add(Transpose(perm: [0, 3, 1, 2]), name: "t", inputs: [x])[0]
    let w = graph.addConstant("w", tensor([2, 3, 1, 1]))
    let y = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "c", inputs: [nchw, w])[0]
    graph.addOutput(y)
    let plan = try Plan(graph, math: KernelMath())
    #expect(plan.steps.filter { !$0.nodes.isEmpty }.count == 1)
    let input = tensor([1, 5, 6, 3])
    let executor = Executor(plan, workers: Workers(threads: 1))
    executor.write(input, toInput: 0)
    executor.run()
    #expect(executor.outputTensor(0).elements(as: Float.self) == (try reference(graph, input)).elements(as: Float.self))
  }

  /// Input, renamed or not, then what quantizes it: NCHW, NHWC, and rows that become images.
  private static let ways: [(shape: [Int], view: (any IR.Operator)?)] = [
    ([1, 3, 5, 6], nil), ([1, 5, 6, 3], Transpose(perm: [0, 3, 1, 2])), ([1, 90], Reshape(shape: [1, 3, 5, 6])),
  ]

  /// Who writes an input may quantize it, also where a transpose that only renames memory comes first.
  @Test(arguments: 0..<3, [false, true])
  func inputsThatAreOnlyReadQuantizedAreInt8(way: Int, hasOtherReader: Bool) throws {
    let (shape, view) = PlanTests.ways[way]
    var graph = Graph(name: "quantized")
    let x = graph.addInput("x", TensorType(.float32, shape))
    let image = try view.map { try graph.add($0, name: "view", inputs: [x])[0] } ?? x
    let quantization = Quantization(scale: 0.02, zeroPoint: 3)
    let q = try graph.add(QuantizeLinear(quantization), name: "q", inputs: [image])[0]
    graph.addOutput(try graph.add(DequantizeLinear(), name: "d", inputs: [q])[0])
    if hasOtherReader { graph.addOutput(try graph.add(Unary(.relu), name: "r", inputs: [image])[0]) }
    let plan = try Plan(graph, math: KernelMath(), quantizesInputs: false)
    #expect(plan.inputs[0].type.shape == shape)
    #expect(plan.inputs[0].type.quantization == (hasOtherReader ? nil : quantization))
    #expect(plan.steps.contains { $0.operatorName == "QuantizeLinear" } == hasOtherReader)
    let input = tensor(shape)
    let executor = Executor(plan, workers: Workers(threads: 1))
    input.elements(as: Float.self).withUnsafeBufferPointer { FloatInput(executor, 0).write($0) }
    executor.run()
    let expected = try reference(graph, input)
    #expect(executor.outputTensor(0).elements(as: Float.self) == expected.elements(as: Float.self))
  }

  /// Packed weights are not held a second time.
  @Test(arguments: [-127, -128]) func int8Weights(least: Int) throws {
    var graph = Graph(name: "int8")
    let x = graph.addInput("x", TensorType(.int8, [1, 4, 5, 5], quantization: Quantization(scale: 1, zeroPoint: 0)))
    let w = graph.addConstant("w", Tensor([Int8(least)] + [Int8](repeating: 1, count: 7), shape: [2, 4, 1, 1]))
    let scales = graph.addConstant("s", Tensor([Float](repeating: 1, count: 2), shape: [2]))
    let y = try graph.add(
      ConvInt8(window: Window(kernel: [1, 1]), group: 1, output: nil), name: "conv", inputs: [x, w, scales])[0]
    graph.addOutput(y)
    #expect(try Plan(graph, math: KernelMath()).storages.allSatisfy { $0.constant == nil })
  }
}
