import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing

/// The distance of int8 values from their float originals, against sums over numbers worked out by themselves.
@Suite struct LayerErrorsTests {
  private static let step = Quantization(scale: 0.25, zeroPoint: 3)
  private static let half = Quantization(scale: 0.5, zeroPoint: -10)

  /// relu(x) = y, -y = z.
  private func float() throws -> Graph {
    var graph = Graph(name: "float")
    let x = graph.addInput("x", TensorType(.float32, [1, 2, 2, 2]))
    let y = try graph.add(Unary(.relu), name: "relu", inputs: [x], outputNames: ["y"])[0]
    graph.addOutput(try graph.add(Unary(.neg), name: "neg", inputs: [y], outputNames: ["z"])[0])
    return graph
  }

  /// The same with y in int8.
  private func int8() throws -> Graph {
    var graph = Graph(name: "int8")
    let x = graph.addInput("x", TensorType(.float32, [1, 2, 2, 2]))
    let q = try graph.add(QuantizeLinear(Self.step), name: "q", inputs: [x])[0]
    let y = try graph.add(LookupInt8(.relu, output: Self.half), name: "relu", inputs: [q], outputNames: ["y"])[0]
    let real = try graph.add(DequantizeLinear(), name: "d", inputs: [y])[0]
    graph.addOutput(try graph.add(Unary(.neg), name: "neg", inputs: [real], outputNames: ["z"])[0])
    return graph
  }

  private func errors(_ float: Graph, _ int8: Graph, _ samples: [[Float]?]) throws -> [String: Double] {
    LayerErrors(
      float: try Plan(float, math: KernelMath()), floatGraph: float, int8: try Plan(int8, math: KernelMath()),
      int8Graph: int8, source: TensorSamples(samples: samples.map { $0.map { [Tensor($0, shape: [1, 2, 2, 2])] } }),
      samples: Array(samples.indices)
    ).signalToNoise
  }

  /// 10 log10 of the sum of squares of y over that of its errors, over all samples together. The negative has the same.
  @Test func ratiosOfAllSamples() throws {
    let samples: [[Float]?] = [[0.3, -2, 1.1, 0.9, 30, 0.24, -0.1, 5.2], nil, [1, 2.6, 3, 4.1, 7, 8, -9, 10]]
    var signal = 0.0
    var noise = 0.0
    for x in samples.compactMap(\.self).flatMap(\.self) {
      let y = max(0, Double(x))
      // To quarters, rectified, to halves; ties to even. Neither grid ends before 30.
      let quarters = (Double(x) * 4).rounded(.toNearestOrEven) / 4
      let halves = (max(0, quarters) * 2).rounded(.toNearestOrEven) / 2
      signal += y * y
      noise += (y - halves) * (y - halves)
    }
    let found = try errors(float(), int8(), samples)
    let expected = 10 * Decibel.log10(signal / noise)
    #expect(Set(found.keys) == ["y", "z"])
    #expect(abs(try #require(found["y"]) - expected) < 1e-9)
    #expect(abs(try #require(found["z"]) - expected) < 1e-9)
  }

  /// A value whose channels were divided by factors is compared as it was, in either order of its elements.
  @Test func valuesDividedByFactors() throws {
    let factors: [Float] = [0.5, 0.25]
    var divided = Graph(name: "divided")
    let x = divided.addInput("x", TensorType(.float32, [1, 2, 2, 2]))
    let inverse = divided.addConstant("inverse", Tensor(factors.map { 1 / $0 }, shape: [1, 2, 1, 1]))
    let larger = try divided.add(Binary(.mul), name: "larger", inputs: [x, inverse])[0]
    let y = try divided.add(Unary(.relu), name: "relu", inputs: [larger], outputNames: ["y"])[0]
    divided.addOutput(try divided.add(Unary(.neg), name: "neg", inputs: [y], outputNames: ["z"])[0])
    let image: [Float] = [0.5, 1, -3, 2, 4, 0, 8, 1.5]
    func errors(_ factors: [String: [Float]]) throws -> [String: Double] {
      let float = try float()
      return LayerErrors(
        float: try Plan(float, math: KernelMath()), floatGraph: float, int8: try Plan(divided, math: KernelMath()),
        int8Graph: divided, factors: factors,
        source: TensorSamples(samples: [[Tensor(image, shape: [1, 2, 2, 2])]]), samples: [0]
      ).signalToNoise
    }
    #expect(try errors(["y": factors, "z": factors]).isEmpty)
    // Without the factors a channel is off by its own size, the other by three times its own.
    let noise = 0.25 + 1 + 4 + 9 * (16 + 64 + 2.25)
    let expected = 10 * Decibel.log10((0.25 + 1 + 4 + 16 + 64 + 2.25) / noise)
    #expect(abs(try #require(try errors([:])["y"]) - expected) < 1e-9)
  }

  /// Without errors there is no ratio, nor without a signal.
  @Test func nothingToCompare() throws {
    #expect(try errors(float(), int8(), [[0.5, 1, -3, 2, 4, 0, 8, 1.5]]).isEmpty)
    #expect(try errors(float(), int8(), [[-1, -2, -3, 0, 0, 0, 0, -0.1]]).isEmpty)
    #expect(try errors(float(), int8(), [nil]).isEmpty)
    #expect(try errors(float(), float(), [[0.3, 1, 2, 3, 4, 5, 6, 7]]).isEmpty)
  }

  /// Infinite numbers of the float model cannot be compared with; those of the other that are none are all noise.
  @Test func numbersThatAreNone() throws {
    let samples: [[Float]?] = [[0.3, 1, 2, 3, 4, 5, 6, 7], [.infinity, 1, 2, 3, 4, 5, 6, 7]]
    let finite = try errors(float(), int8(), [samples[0]])
    #expect(try errors(float(), int8(), samples) == finite)
    var broken = Graph(name: "broken")
    let x = broken.addInput("x", TensorType(.float32, [1, 2, 2, 2]))
    let minus = broken.addConstant("minus", Tensor(scalar: Float(-1)))
    let y = try broken.add(Binary(.mul), name: "y", inputs: [x, minus], outputNames: ["y"])[0]
    broken.addOutput(try broken.add(Unary(.sqrt), name: "z", inputs: [y], outputNames: ["z"])[0])
    let found = try errors(float(), broken, [samples[0]])
    #expect(found["z"] == -.infinity)
    // y = -x: the error is twice the signal.
    #expect(abs(try #require(found["y"]) + 20 * Decibel.log10(2)) < 1e-9)
  }
}
