import IR
import Math
import Operators
import Quantization
import Tensors
import TestSupport
import Testing

/// What rounding is foretold to cost against what it costs.
struct RoundingTests {
  /// Two layers with a swish between, a sum, and two classes; what its int8 form rounds.
  private struct Network {
    var model = Model()
    let roundings: Roundings
    let quantized: QuantizedModel
    let samples: TensorSamples

    init() throws {
      model.options.estimator = .minMax
      let x = model.input([1, 2, 5, 5], step: 1 / 32)
      let first = try model.conv("first", x, outputs: 4, kernel: 3, bias: true, step: 1 / 8)
      let swish = try model.add("swish", Unary(.silu), first, step: 1 / 8, zero: -100)
      let second = try model.conv("second", swish, outputs: 4, group: 2, activation: .relu, step: 1 / 8, zero: -128)
      let sum = try model.add("sum", Binary(.add), swish, second, step: 1 / 4, zero: -100)
      let mean = try model.add("mean", GlobalAveragePool(), sum, step: 1 / 16, zero: -100)
      let flat = try model.add("flat", Reshape(shape: [1, 4]), mean, step: 1 / 16, zero: -100)
      model.graph.addOutput(try model.add("scores", Gemm(), flat, model.constant("scores_w", [1, 4], -3...3)))
      let quantizer = Quantizer(model.graph, observations: model.observations(), options: model.options)
      let quantizations = quantizer.quantizations(by: .minMax)
      quantized = try quantizer.run(quantizations)
      roundings = try Roundings(
        model.graph, quantized, values: quantizer.roundedValues(quantizations), quantizations)
      var random = RandomNumbers(seed: 17)
      samples = TensorSamples(samples: (0..<40).map { _ in [random.tensor([1, 2, 5, 5], -3...3)] })
    }

    func name(_ place: Roundings.Place) -> String {
      switch place {
      case .weights(let id): "weights of \(model.graph[id]?.name ?? "")"
      case .value(let value): model.graph[value].name
      }
    }

    /// The mean divergence from the float network's answers.
    func cost(_ graph: Graph) throws -> Double {
      let costs = try samples.samples.map { inputs in
        let inputs = try #require(inputs)
        let (p, q) = try (answer(model.graph, inputs), answer(graph, inputs))
        return p * UnaryFunction.log(p / q) + (1 - p) * UnaryFunction.log((1 - p) / (1 - q))
      }
      return costs.reduce(0, +) / Double(costs.count)
    }

    private func answer(_ graph: Graph, _ inputs: [Tensor]) throws -> Double {
      UnaryFunction.sigmoid(try GraphEvaluation.outputs(of: graph, inputs: inputs)[0].doubles()[0])
    }
  }

  /// A mean that only moves elements, and the last layer's float output, round nothing.
  @Test func everythingRoundedIsAPlaceOnce() throws {
    let network = try Network()
    #expect(
      network.roundings.places.map(network.name) == [
        "x", "weights of first", "first", "swish", "weights of second", "second", "sum", "mean", "weights of scores",
      ])
  }

  /// With one logit nothing is left to chance; a second-order forecast of small errors is near.
  @Test func costsAreAsForetold() throws {
    let network = try Network()
    let measure = try RoundingMeasure(
      network.model.graph, network.roundings, output: 0, answer: .labelLogits, math: KernelMath())
    let costs = measure.run(network.samples, samples: Array(0..<40), draws: 1, threads: 2)
    #expect(costs.samples == 40 && measure.unknown.isEmpty)
    for (place, foretold) in zip(network.roundings.places, costs.alone) {
      let measured = try network.cost(network.roundings.graph(rounding: [place]))
      let foretold = try #require(foretold)
      #expect(
        abs(foretold.mean - measured) <= 0.1 * measured + 1e-10,
        "\(network.name(place)): \(foretold.mean), measured \(measured)")
      #expect(foretold.standardError > 0 && foretold.standardError < foretold.mean)
    }
    let all = try network.cost(network.roundings.graph(rounding: Set(network.roundings.places)))
    #expect(abs(costs.together.mean - all) <= 0.15 * all, "\(costs.together.mean), measured \(all)")
    #expect(costs.upTo.last == costs.together.mean)
    let weights = Set(network.roundings.places.filter { if case .weights = $0 { true } else { false } })
    let measured = try network.cost(network.roundings.graph(rounding: weights))
    #expect(abs(costs.weights.mean - measured) <= 0.1 * measured)
  }

  /// The float graph with everything rounded is what the int8 graph computes, but for roundings in float.
  @Test func allRoundingsAreInt8() throws {
    let network = try Network()
    let (rounded, int8) = try (
      network.cost(network.roundings.graph(rounding: Set(network.roundings.places))),
      network.cost(network.quantized.graph)
    )
    #expect(abs(rounded - int8) <= 0.1 * int8, "\(rounded) against \(int8)")
  }

  @Test func threadsChangeNothing() throws {
    let network = try Network()
    let measure = try RoundingMeasure(
      network.model.graph, network.roundings, output: 0, answer: .numbers, math: KernelMath())
    let (one, three) = (
      measure.run(network.samples, samples: Array(0..<9), threads: 1),
      measure.run(network.samples, samples: Array(0..<9), threads: 3)
    )
    #expect(one.alone == three.alone && one.upTo == three.upTo && one.together == three.together)
  }

  /// A layer the user keeps stays float, with conversions around it; the others go on in int8.
  @Test func layersThatAreKeptStayFloat() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let first = try model.conv("first", x, activation: .relu)
    let second = try model.conv("second", first)
    let third = try model.conv("third", second)
    model.graph.addOutput(third)
    model.options.keptFloat = [try #require(model.graph.producer(of: second)).id]
    #expect(
      try model.quantized().lines == [
        "int8 first", "float32 second: kept in float, as asked for", "int8 third",
      ])
    model.options.keptFloat = [try #require(model.graph.producer(of: first)).id]
    let quantized = try model.quantized()
    #expect(try quantized.node("first").op is Conv)
    #expect(try quantized.quantization("first_quantized") != nil)
  }

  /// What is kept for the answers' sake says so.
  @Test func layersKeptForTheAnswersSayWhy() throws {
    var model = Model()
    let first = try model.conv("first", model.input([1, 2, 4, 4]), activation: .relu)
    model.graph.addOutput(try model.conv("second", first))
    model.options.keptForAnswers = [try #require(model.graph.producer(of: first)).id]
    #expect(try model.quantized().lines == ["float32 first: kept in float for the answers' sake", "int8 second"])
  }

  /// A node in float gives back what its weights and its inputs cost; of an input that two take, each a half.
  @Test func unitsGiveBackWhatIsRoundedForThem() throws {
    let network = try Network()
    let quantizer = Quantizer(
      network.model.graph, observations: network.model.observations(), options: network.model.options)
    let costs = (0..<network.roundings.places.count).map { Double(1 << $0) }
    let units = quantizer.precisionUnits(network.roundings.places, costs: costs)
    // Places are x, weights of first, first, swish, weights of second, second, sum, mean, weights of scores.
    let expected: [(String, Double)] = [
      ("first", 1 + 2), ("swish", 4), ("second", 8 / 2 + 16), ("sum", 8 / 2 + 32), ("mean", 64), ("scores", 128 + 256),
    ]
    #expect(units.map { network.model.graph[$0.node]?.name } == expected.map(\.0))
    #expect(units.map(\.gain) == expected.map(\.1))
    #expect(units.map(\.weights) == [4 * 2 * 9, 0, 4 * 2, 0, 0, 4])
    #expect(units.map(\.macs) == [4 * 2 * 9 * 9, 0, 4 * 2 * 9, 0, 0, 4])
    #expect(units[0].elements == 2 * 25 + 4 * 9 && units[3].elements == 3 * 4 * 9)
  }

  /// One sample whose gradients explode is most of a mean, but no more than some usual ones of what is usual.
  @Test func noSampleCountsForMoreThanSomeUsualOnes() throws {
    let network = try Network()
    func costs(_ factor: Float) throws -> RoundingCosts {
      var samples = network.samples.samples
      samples[7] = samples[7]?.map { Tensor($0.elements(as: Float.self).map { factor * $0 }, shape: $0.shape) }
      let measure = try RoundingMeasure(
        network.model.graph, network.roundings, output: 0, answer: .numbers, math: KernelMath())
      return measure.run(TensorSamples(samples: samples), samples: Array(0..<40), draws: 1, threads: 1)
    }
    let (plain, odd) = try (costs(1), costs(1000))
    let mean = { (costs: RoundingCosts) in costs.alone.reduce(0) { $0 + ($1?.mean ?? 0) } }
    #expect(mean(odd) > 10 * mean(plain))
    let usual = { (costs: RoundingCosts) in costs.usual.reduce(0, +) }
    #expect(usual(odd) < 1.3 * usual(plain) && usual(plain) <= mean(plain) * (1 + 1e-9))
  }
}
