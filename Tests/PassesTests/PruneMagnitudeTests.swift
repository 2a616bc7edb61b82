import IR
import Math
import Operators
import Passes
import Tensors
import Testing

@Suite struct PruneMagnitudeTests {
  /// The weights of each node after pruning.
  private func pruned(_ model: Model, _ pass: Pass) throws -> (weights: [String: [Float]], log: PassLog) {
    var graph = model.graph
    let log = try Pipeline.run([PassGroup("test", [pass])], on: &graph)
    var weights: [String: [Float]] = [:]
    for node in graph.nodesInOrder() where node.inputs.count > 1 {
      weights[node.name] = graph.constant(node.inputs[1])?.floats()
    }
    return (weights, log)
  }

  private func twoLayers() throws -> Model {
    var model = Model()
    let x = model.input([1, 2])
    let first = try model.add(
      "first", Gemm(), x, model.numbers("w1", [0.1, -4, 3, 0.2], shape: [2, 2]), model.numbers("b1", [0.01, 0.02]))
    model.graph.addOutput(
      try model.add("second", Gemm(), first, model.numbers("w2", [-0.3, 5, -6, 0.1], shape: [2, 2])))
    return model
  }

  @Test func theSmallestWeightsOfAllLayersGo() throws {
    let (weights, log) = try pruned(twoLayers(), .pruneMagnitude(fraction: 0.375))
    #expect(weights == ["first": [0, -4, 3, 0], "second": [-0.3, 5, -6, 0]])
    #expect(
      log.lines == ["applied first: 2 of 4 weights are zero", "applied second: 1 of 4 weights are zero"])
  }

  /// Weights for an input of 0..255 are a hundred times smaller than others, and worth as much.
  @Test func aLayerThatReadsTheInputLosesNoMoreThanTheFraction() throws {
    var model = Model()
    let x = model.input([1, 2])
    let moved = try model.add("moved", Reshape(shape: [1, 2]), x)
    let first = try model.add(
      "first", Gemm(), moved, model.numbers("w1", [0.01, -0.04, 0.03, 0.02], shape: [2, 2]))
    let relu = try model.add("relu", Unary(.relu), first)
    let second = try model.add("second", Gemm(), relu, model.numbers("w2", [3, -5, 4, 1], shape: [2, 2]))
    model.graph.addOutput(
      try model.add("third", Gemm(), second, model.numbers("w3", [0.3, 0.5, 0.6, 2], shape: [2, 2])))
    let (weights, _) = try pruned(model, .pruneMagnitude(fraction: 0.5))
    #expect(weights == ["first": [0, -0.04, 0.03, 0], "second": [3, -5, 4, 0], "third": [0, 0, 0, 2]])
  }

  @Test func theSmallestWeightsOfEachLayerGo() throws {
    let (weights, _) = try pruned(twoLayers(), .pruneMagnitude(fraction: 0.5, scope: .perLayer))
    #expect(weights == ["first": [0, -4, 3, 0], "second": [0, 5, -6, 0]])
  }

  @Test func amongEqualWeightsTheFirstGo() throws {
    // 0.1 stands in both layers and one weight goes: that of the first layer.
    let (weights, _) = try pruned(twoLayers(), .pruneMagnitude(fraction: 0.125))
    #expect(weights == ["first": [0, -4, 3, 0.2], "second": [-0.3, 5, -6, 0.1]])
  }

  @Test(arguments: [0.0, 0.1, 0.333, 0.5, 0.9, 0.999]) func theFractionIsExact(_ fraction: Double) throws {
    var model = Model()
    let x = model.input([1, 6, 8, 8])
    // Larger than all others: a layer that reads the input has a rule of its own.
    let stem = try model.add(
      "stem", Conv(window: Window(kernel: [1, 1])), x, model.constant("stem_w", [6, 6, 1, 1], 2...3))
    let conv = try model.conv("conv", stem, outputs: 16, kernel: 3)
    let depthwise = try model.conv("depthwise", conv, outputs: 16, kernel: 3, group: 16)
    model.graph.addOutput(try model.conv("pointwise", depthwise, outputs: 11))
    let (weights, _) = try pruned(model, .pruneMagnitude(fraction: fraction))
    let all = (weights["stem"] ?? []) + (weights["conv"] ?? []) + (weights["pointwise"] ?? [])
    #expect(all.count == 6 * 6 + 16 * 6 * 9 + 11 * 16)
    #expect(all.filter { $0 == 0 }.count == Int((fraction * Double(all.count)).rounded()))
    #expect(weights["depthwise"]?.contains(0) == false)
    // What stays is not smaller than what went.
    let before = ["stem_w", "conv_w", "pointwise_w"].flatMap { name in
      model.graph.valueIDs.first { model.graph[$0].name == name }.flatMap { model.graph.constant($0)?.floats() } ?? []
    }
    let gone = zip(before, all).filter { $1 == 0 }.map { abs($0.0) }.max() ?? 0
    let stayed = zip(before, all).filter { $1 != 0 }.map { abs($0.0) }.min() ?? .infinity
    #expect(gone <= stayed)
    #expect(zip(before, all).allSatisfy { $1 == 0 || $0 == $1 })
  }

  /// w^2 over what is left of the layer.
  @Test func adaptiveScoresAreSharesOfTheLayer() throws {
    var model = Model()
    let x = model.input([1, 2])
    let first = try model.add(
      "first", Gemm(), x, model.numbers("w1", [0.05, -0.01, 0.02, 0], shape: [2, 2]))
    model.graph.addOutput(
      try model.add("second", Gemm(), first, model.numbers("w2", [3, -1, 2, 1], shape: [2, 2])))
    // Scores: 0.0025 / 0.0025, 0.0001 / 0.003, 0.0004 / 0.0029, 0 of the first layer; 9 / 9, 1 / 15, 4 / 13 and 1 / 14,
    // the last of which is larger than its equal, of the second.
    for (fraction, expected): (Double, [String: [Float]]) in [
      (0.25, ["first": [0.05, 0, 0.02, 0], "second": [3, -1, 2, 1]]),
      (0.375, ["first": [0.05, 0, 0.02, 0], "second": [3, 0, 2, 1]]),
      (0.5, ["first": [0.05, 0, 0.02, 0], "second": [3, 0, 2, 0]]),
      (0.625, ["first": [0.05, 0, 0, 0], "second": [3, 0, 2, 0]]),
      (0.75, ["first": [0.05, 0, 0, 0], "second": [3, 0, 0, 0]]),
    ] {
      #expect(try pruned(model, .pruneMagnitude(fraction: fraction, score: .adaptive)).weights == expected)
    }
  }

  /// However small the weights of a layer are, its largest is the last to go.
  @Test func adaptiveScoresEmptyNoLayer() throws {
    var model = Model()
    let x = model.input([1, 6, 8, 8])
    let small = try model.add(
      "small", Conv(window: Window(kernel: [1, 1])), x, model.constant("small_w", [6, 6, 1, 1], 1e-6...2e-6))
    let conv = try model.conv("conv", small, outputs: 16, kernel: 3)
    model.graph.addOutput(try model.conv("pointwise", conv, outputs: 11))
    let weights = try pruned(model, .pruneMagnitude(fraction: 0.98, score: .adaptive)).weights
    for (name, numbers) in weights { #expect(numbers.contains { $0 != 0 }, "\(name)") }
  }

  @Test func onlyLayersThatAreNamedTakePart() throws {
    let model = try twoLayers()
    let second = try #require(model.graph.nodesInOrder().last)
    let (weights, log) = try pruned(model, .pruneMagnitude(fraction: 0.5, only: [second.id]))
    #expect(weights == ["first": [0.1, -4, 3, 0.2], "second": [0, 5, -6, 0]])
    #expect(log.lines == ["applied second: 2 of 4 weights are zero"])
  }

  @Test func sharedWeightsCountOnce() throws {
    var model = Model()
    let w = model.numbers("w", [1, 2, 3, 4], shape: [2, 2])
    let first = try model.add("first", Gemm(), model.input([1, 2]), w)
    model.graph.addOutput(try model.add("second", Gemm(), first, w))
    let (weights, log) = try pruned(model, .pruneMagnitude(fraction: 0.5))
    #expect(weights == ["first": [0, 0, 3, 4], "second": [0, 0, 3, 4]])
    #expect(log.lines == ["applied first: 2 of 4 weights are zero"])
  }

  @Test(arguments: [-0.1, 1, .nan]) func impossibleFractionsAreErrors(_ fraction: Double) throws {
    let error = #expect(throws: Refusal.self) { try pruned(twoLayers(), .pruneMagnitude(fraction: fraction)) }
    #expect(error?.description == "pass prune-magnitude: fraction \(fraction) is not at least 0 and below 1")
  }
}
