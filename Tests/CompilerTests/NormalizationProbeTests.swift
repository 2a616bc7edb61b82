import Compiler
import IR
import Math
import Operators
import Runtime
import Tensors
import Testing

@Suite struct NormalizationProbeTests {
  /// Inputs [1, 2, 4, 4] whose channels have means 1 and -2 and deviations 1 and 3 over all samples.
  private struct Source: SampleSource {
    var shift: Float = 0
    var factor: Float = 1
    let count = 8

    func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool {
      // Half of the elements lie one deviation below their mean, half above it.
      let values = (0..<32).map { place -> Float in
        let sign: Float = (place + index) % 2 == 0 ? 1 : -1
        return factor * (place < 16 ? 1 + sign : -2 + 3 * sign) + shift
      }
      values.withUnsafeBytes { LayoutConversion.write($0, layout: .rowMajor, into: inputs[0]) }
      return index != 3
    }
  }

  /// x, doubled and turned to channels-last and back, then normalised by what such inputs have.
  private func graph(normalizes: Bool = true) throws -> Graph {
    var graph = Graph(name: "probed")
    var x = graph.addInput("x", TensorType(.float32, [1, 2, 4, 4]))
    let two = graph.addConstant("two", Tensor([Float(2)], shape: [1]))
    x = try graph.add(Binary(.mul), name: "double", inputs: [x, two])[0]
    x = try graph.add(Transpose(perm: [0, 2, 3, 1]), name: "turn", inputs: [x])[0]
    x = try graph.add(Transpose(perm: [0, 3, 1, 2]), name: "back", inputs: [x])[0]
    if normalizes {
      let vectors: [[Float]] = [[1, 1], [0, 0], [2, -4], [4, 36]]
      let constants = vectors.enumerated().map { graph.addConstant("v\($0)", Tensor($1, shape: [2])) }
      x = try graph.add(BatchNormalization(), name: "norm", inputs: [x] + constants)[0]
    }
    x = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
    graph.addOutput(x)
    return graph
  }

  @Test func measuresWhatReachesTheFirstNormalization() throws {
    let probe = try #require(try NormalizationProbe(graph()))
    let fit = try #require(probe.fit(Source(), samples: Array(0..<8), threads: 2))
    // One sample cannot be read.
    #expect(fit.node == "norm" && fit.samples == 7)
    #expect(abs(fit.divergence) < 1e-6, "\(fit)")
    #expect(NormalizationSuspicion.sentence(fit) == nil)

    // Doubled, a shift of 1 is one deviation of the first channel and a third of one of the second.
    let shifted = try #require(probe.fit(Source(shift: 1), samples: Array(0..<8), threads: 1))
    #expect(abs(shifted.divergence - (0.5 + 0.5 / 9) / 2) < 1e-4, "\(shifted)")
    let scaled = try #require(probe.fit(Source(factor: 1.0 / 255), samples: [0], threads: 1))
    let sentence = try #require(NormalizationSuspicion.sentence(scaled))
    #expect(sentence.contains("norm (BatchNormalization)") && sentence.contains("check the preprocessing"))
  }

  static let stems: [(op: any Operator, isLookedThrough: Bool)] = [
    (AveragePool(window: Window(kernel: [2, 2])), true), (MaxPool(window: Window(kernel: [2, 2])), true),
    (Cast(to: .float32), true), (Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1]), true), (Reshape(shape: [0, 2, 8, 2]), true),
    (Slice(starts: [1], ends: [3], axes: [2]), true), (SpaceToDepth(block: 1), true), (Unary(.relu), true),
    (GlobalAveragePool(), false), (LRN(size: 3), false), (Resize(sizes: [8, 8]), false), (Softmax(axis: 1), false),
  ]

  /// Behind operators that make something else of an image, a normalisation tells nothing about its preparation.
  @Test func looksThroughWhatKeepsPreparation() throws {
    for (op, isLookedThrough) in Self.stems {
      var graph = Graph(name: "stem")
      let x = graph.addInput("x", TensorType(.float32, [1, 2, 4, 4]))
      let y = try graph.add(op, name: "stem", inputs: [x])[0]
      let constants = (0..<4).map { graph.addConstant("v\($0)", Tensor([Float(1), 2], shape: [2])) }
      graph.addOutput(try graph.add(BatchNormalization(), name: "norm", inputs: [y] + constants)[0])
      #expect((try NormalizationProbe(graph) != nil) == isLookedThrough, "\(op.name)")
    }
  }

  @Test func saysSoWhereNumbersAreNotFinite() throws {
    let probe = try #require(try NormalizationProbe(graph()))
    let fit = try #require(probe.fit(Source(factor: .infinity), samples: [0], threads: 1))
    #expect(NormalizationSuspicion.sentence(fit) != nil)
  }

  @Test func isNotThereWithoutANormalization() throws {
    #expect(try NormalizationProbe(graph(normalizes: false)) == nil)
    // Nor where it is folded.
    #expect(try NormalizationProbe(Preparation.executable(of: graph())) == nil)
  }

  @Test func hasNothingToSayOfNoSamples() throws {
    let probe = try #require(try NormalizationProbe(graph()))
    #expect(probe.fit(Source(), samples: [3], threads: 1) == nil)
  }
}
