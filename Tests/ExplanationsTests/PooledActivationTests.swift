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

struct PooledActivationTests {
  /// An activation of 2 channels over 2 x 3 places behind a convolution, int8 or float, a mean and a layer.
  private static func graph(isInt8: Bool, channels: Int = 2, batch: Int = 1) throws -> Graph {
    var graph = Graph(name: "pooled")
    let x = graph.addInput("x", TensorType(.float32, [batch, channels, 2, 3]))
    let identity = (0..<channels * channels).map { Float($0 / channels == $0 % channels ? 1 : 0) }
    let w = graph.addConstant("w", Tensor(identity, shape: [channels, channels, 1, 1]))
    var a = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "conv", inputs: [x, w], outputNames: ["a"])[0]
    if isInt8 {
      let quantize = QuantizeLinear(Quantization(scale: 0.1, zeroPoint: -7))
      a = try graph.add(quantize, name: "q", inputs: [a], outputNames: ["a8"])[0]
      let pool = MaxPool(window: Window(kernel: [1, 1]))
      a = try graph.add(pool, name: "max", inputs: [a], outputNames: ["last"])[0]
      a = try graph.add(DequantizeLinear(), name: "d", inputs: [a], outputNames: ["float"])[0]
    }
    let mean = try graph.add(GlobalAveragePool(), name: "mean", inputs: [a])[0]
    let flat = try graph.add(Reshape(shape: [batch, channels]), name: "flat", inputs: [mean])[0]
    graph.addOutput(flat)
    return graph
  }

  private static let numbers: [Float] = [0.1, 0.26, -0.5, 1, 0, 0.7, 3, 3, 3, 3.04, 2, -1]

  private static func run(_ graph: Graph) throws -> Executor {
    let executor = Executor(try Plan(graph, math: KernelMath(), rowFusion: .standard), workers: Workers(threads: 1))
    executor.write(Tensor(numbers, shape: [1, 2, 2, 3]), toInput: 0)
    executor.run()
    return executor
  }

  @Test func featuresAreMeansOverPlaces() throws {
    var float = try Self.graph(isInt8: false)
    let pooled = try PooledActivation(lastOf: &float, input: 0, output: 0)
    #expect(pooled.name == "a" && pooled.channels == 2 && float.outputs.count == 2)
    let means = [0, 6].map { start in Self.numbers[start..<start + 6].reduce(0.0) { $0 + Double($1) } / 6 }
    #expect(try pooled.features(Self.run(float)) == means)
  }

  /// Of integers to the last bit: their sum without that of the zero point, times the scale.
  @Test func integersAreSummedFirst() throws {
    var graph = try Self.graph(isInt8: true)
    // What was made float again comes last; here the int8 one is named.
    let pooled = try PooledActivation("last", channels: 2, of: &graph)
    let sums = [0, 6].map { start in
      Self.numbers[start..<start + 6].reduce(0) { $0 + Int(($1 / 0.1).rounded(.toNearestOrEven)) }
    }
    let expected = sums.map { Double(Float(0.1)) * Double($0) / 6 }
    #expect(try pooled.features(Self.run(graph)) == expected)
    #expect(try Self.run(graph).floats(ofOutput: 0).count == 2)
  }

  @Test func refusesWhatIsNoActivationOfOneImage() throws {
    let refused: [(name: String, channels: Int, message: String)] = [
      ("b", 2, "no activation is named b"), ("x", 2, "no activation is named x"), ("w", 2, "no activation is named w"),
      ("a", 3, "a is float32[1,2,2,3], expected 3 channels of one image over rows and columns"),
    ]
    for (name, channels, message) in refused {
      var graph = try Self.graph(isInt8: false)
      #expect(throws: Refusal(message)) { try PooledActivation(name, channels: channels, of: &graph) }
      #expect(graph.outputs.count == 1)
    }
    var batch = try Self.graph(isInt8: false, batch: 2)
    #expect(throws: Refusal.self) { try PooledActivation("a", channels: 2, of: &batch) }
    do {
      _ = try PooledActivation(lastOf: &batch, input: 0, output: 0)
      #expect(Bool(false), "an activation of two images was taken")
    } catch {
      #expect(error.remedy == "use --unlike energy")
    }
  }
}
