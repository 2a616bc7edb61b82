import IR
import Math
import Operators
import Passes
import Tensors
import TestSupport
import Testing

/// Channels that are scaled against each other: the graph computes the same, and what needs them as they are keeps
/// them.
@Suite struct EqualizeChannelsTests {
  private let relu = UnaryFunction.relu

  /// Factors that differ, for every chain of a graph.
  private func factors(
    _ graph: Graph
  ) -> [(channels: EqualizableChannels, factors: [Double])] {
    EqualizableChannels.all(graph).map { channels in
      (channels, channels.values[0].channels.indices.map { [1, 0.5, 0.3, 0.0625][$0 % 4] })
    }
  }

  private func names(_ model: Model) -> [String] {
    EqualizableChannels.all(model.graph).compactMap { model.graph[$0.layer]?.name }
  }

  /// Through functions, depthwise layers, pools, means and rows of images to layers and matrices of both orders.
  @Test func theGraphComputesTheSame() throws {
    var model = Model()
    model.graph.hasFreeBatch = true
    let x = model.input([1, 3, 8, 8])
    let first = try model.conv("first", x, outputs: 6, kernel: 3, pads: [1, 1, 1, 1])
    let a = try model.add("a", Unary(relu), first)
    let deep = try model.conv("deep", a, outputs: 12, kernel: 3, pads: [1, 1, 1, 1], group: 6)
    let b = try model.add("b", Unary(.leakyRelu(alpha: 0.1)), deep)
    let pooled = try model.add("pooled", MaxPool(window: Window(kernel: [2, 2], strides: [2, 2])), b)
    let left = try model.conv("left", pooled, outputs: 5)
    let right = try model.conv("right", pooled, outputs: 7, kernel: 3, pads: [1, 1, 1, 1], bias: false)
    let rows = try model.add("rows", Reshape(shape: [-1, 7 * 16]), try model.add("c", Unary(relu), right))
    let mean = try model.add("mean", GlobalAveragePool(), try model.add("d", Unary(.abs), left))
    let flat = try model.add("flat", Reshape(shape: [-1, 5]), mean)
    let one = try model.add("one", Gemm(), rows, model.constant("one_w", [4, 112]), model.constant("one_b", [4]))
    let two = try model.add("two", Gemm(transB: false), flat, model.constant("two_w", [5, 4]))
    model.graph.addOutput(try model.add("sum", Binary(.add), one, two))

    let all = factors(model.graph)
    #expect(all.compactMap { model.graph[$0.channels.layer]?.name } == ["first", "deep", "left", "right"])
    #expect(all.map(\.channels.areReadApart) == [true, false, false, false])
    #expect(all.map { model.graph[$0.channels.value].name } == ["a", "b", "d", "c"])
    #expect(all.allSatisfy { !$0.channels.isClamped })
    // A row has its elements from the channels of the image.
    let last = try #require(all.first { $0.channels.readers.contains { $0.channels.count == 112 } })
    #expect(last.channels.readers[0].channels == (0..<112).map { $0 / 16 })
    let (graph, log, difference) = try model.rewritten(.equalizeChannels(all))
    #expect(log.appliedCount == 4)
    #expect(difference < 1e-5)

    // Each value is what it was, divided by its factors.
    for (channels, factors) in all {
      for (value, origins) in channels.values {
        var (before, after) = (model.graph, graph)
        before.addOutput(value)
        after.addOutput(value)
        var random = RandomNumbers(seed: 3)
        let image = random.tensor([1, 3, 8, 8], -4...4)
        let y = try #require(try evaluate(before, [image]).last).elements(as: Float.self)
        let z = try #require(try evaluate(after, [image]).last).elements(as: Float.self)
        let positions = y.count / origins.count
        for index in y.indices {
          let expected = Double(y[index]) / factors[origins[index / positions]]
          #expect(abs(expected - Double(z[index])) <= 1e-4 * max(1, abs(expected)), "\(graph[value].name) \(index)")
        }
      }
    }
  }

  /// Bounds stay where they are: below them nothing changes.
  @Test func clampsCutOffElsewhere() throws {
    var model = Model()
    let x = model.input([1, 2, 4, 4])
    let first = try model.conv("first", x, outputs: 4)
    let clamped = try model.add("clamped", Unary(.clip(lower: 0, upper: 100)), first)
    model.graph.addOutput(try model.conv("second", clamped, outputs: 3))
    let all = factors(model.graph)
    #expect(all.map(\.channels.isClamped) == [true])
    #expect(try model.rewritten(.equalizeChannels(all), inputRange: -1...1).difference < 1e-5)
    #expect(try model.rewritten(.equalizeChannels(all), inputRange: 100...200).difference > 0.01)
  }

  /// What goes to an output, a sum or a function that is not linear in factors, or whose weights others have, stays.
  @Test func whatOthersNeedStays() throws {
    var model = Model()
    let x = model.input([1, 4, 4, 4])
    let shown = try model.add("shown_relu", Unary(relu), try model.conv("shown", x, outputs: 4))
    let added = try model.conv("added", shown, outputs: 4)
    let sum = try model.add("sum", Binary(.add), added, shown)
    let curved = try model.add("curve", Unary(.silu), try model.conv("curved", sum, outputs: 4))
    let shared = try model.conv("shared", curved, outputs: 4)
    let weights = try #require(model.graph.producer(of: shared)?.inputs[1])
    let again = try model.add("again", Conv(window: Window(kernel: [1, 1])), shared, weights)
    let shifted = try model.add(
      "shifted", Unary(.clip(lower: -1, upper: 1)), try model.conv("before_shift", again, outputs: 4))
    model.graph.addOutput(shown)
    model.graph.addOutput(try model.conv("last", shifted, outputs: 2))
    #expect(names(model).isEmpty)
  }

  /// Nothing is left half done where a weight would be beyond what float32 holds.
  @Test func weightsStayFinite() throws {
    var model = Model()
    let x = model.input([1, 1, 2, 2])
    let first = try model.add(
      "first", Conv(window: Window(kernel: [1, 1])), x, model.numbers("w", [3e38, 1], shape: [2, 1, 1, 1]))
    let second = try model.conv("second", try model.add("relu", Unary(relu), first), outputs: 2)
    model.graph.addOutput(second)
    let all = EqualizableChannels.all(model.graph).map { ($0, [0.5, 1.0]) }
    #expect(all.count == 1)
    let (graph, log, difference) = try model.rewritten(.equalizeChannels(all), inputRange: -1...1)
    #expect(log.appliedCount == 0 && difference == 0)
    #expect(log.entries.map(\.outcome) == [.refused])
    #expect(graph.nodesInOrder().map(\.inputs) == model.graph.nodesInOrder().map(\.inputs))
  }
}
