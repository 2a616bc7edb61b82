import IR
import Math
import Operators
import Passes
import Tensors
import TestSupport
import Testing

/// Channels that go, with all that hangs together with them.
@Suite struct RemoveChannelsTests {
  /// Every kind of way channels take: activations, depthwise layers of one and of two outputs a channel, sums, gates,
  /// joined parts, pools, pads, means, and rows made of images.
  private func everything() throws -> Model {
    var model = Model()
    model.graph.hasFreeBatch = true
    let x = model.input([1, 3, 8, 8])
    let stem = try model.conv("stem", x, outputs: 12, kernel: 3, pads: [1, 1, 1, 1])
    let sigmoid = try model.add("sigmoid", Unary(.sigmoid), stem)
    let swish = try model.add("swish", Binary(.mul), stem, sigmoid)
    let deep = try model.conv("deep", swish, outputs: 24, kernel: 3, pads: [1, 1, 1, 1], group: 12)
    let scaled = try model.add(
      "scaled", ScaleShift(), deep, model.constant("s", [24]), model.constant("t", [24]))
    let narrow = try model.conv("narrow", scaled, outputs: 12)
    let sum = try model.add("sum", Binary(.add), narrow, swish)
    let sloped = try model.add("sloped", PRelu(), sum, model.constant("slope", [12, 1, 1]))
    let raised = try model.add("raised", Binary(.add), sloped, model.constant("raise", [1, 12, 1, 1]))
    // A gate of its means.
    let means = try model.add("means", GlobalAveragePool(), raised)
    let squeeze = try model.conv("squeeze", means, outputs: 6)
    let relu = try model.add("relu", Unary(.relu), squeeze)
    let excite = try model.conv("excite", relu, outputs: 12)
    let gated = try model.add("gated", Binary(.mul), raised, excite)
    let other = try model.conv("other", gated, outputs: 10)
    let joined = try model.add("joined", Concat(axis: 1), gated, other)
    let padded = try model.add("padded", Pad(pads: [0, 0, 1, 1, 0, 0, 0, 0]), joined)
    let pooled = try model.add("pooled", MaxPool(window: Window(kernel: [3, 3], strides: [2, 2])), padded)
    let resized = try model.add("resized", Resize(sizes: [6, 6]), pooled)
    let averaged = try model.add("averaged", AveragePool(window: Window(kernel: [3, 3], strides: [3, 3])), resized)
    let rows = try model.add("rows", Reshape(shape: [-1, 22 * 4]), averaged)
    let hidden = try model.add(
      "hidden", Gemm(), rows, model.constant("hidden_w", [9, 88]), model.constant("hidden_b", [9]))
    let mean = try model.add("mean", Reduce(.mean, axes: [2, 3], keepsDimensions: false), averaged)
    let back = try model.add(
      "back", Gemm(transB: false), mean, model.constant("back_w", [22, 9]), model.constant("back_b", [9]))
    let both = try model.add("both", Binary(.add), hidden, back)
    model.graph.addOutput(
      try model.add("head", Gemm(), both, model.constant("head_w", [4, 9]), model.constant("head_b", [4])))
    return model
  }

  /// The graph with those weights zero that meet channels of the groups.
  private func silenced(_ model: Model, _ groups: ChannelGroups, _ removed: Set<Int>) throws -> Model {
    var result = model
    for node in model.graph.nodesInOrder() where ChannelGroups.mixes(node, in: model.graph) {
      let x = try #require(node.inputs[0])
      let weights = try #require(model.graph.constant(node.inputs[1]))
      let channels = groups.groups(of: x)
      var numbers = weights.elements(as: Float.self)
      let isTransposed = (node.op as? Gemm)?.transB == false
      let inner = weights.shape.dropFirst(2).reduce(1, *)
      for index in numbers.indices {
        let channel = isTransposed ? index / weights.shape[1] : index / inner % weights.shape[1]
        if removed.contains(channels[channel]) { numbers[index] = 0 }
      }
      let w = result.graph.addConstant("\(node.name)_silent", Tensor(numbers, shape: weights.shape))
      try result.graph.update(node.id, op: node.op, inputs: [x, w] + node.inputs.dropFirst(2))
    }
    return result
  }

  /// What only zeros meet can go without a trace.
  @Test(arguments: 0..<8) func removesWhatZerosMeet(seed: UInt64) throws {
    let model = try everything()
    let groups = ChannelGroups(model.graph)
    // 12 of the stem, 24 / 2 that are the same, 6 squeezed, 10 others, 9 of both rows.
    #expect(groups.groups.count == 12 + 6 + 10 + 9)
    var random = RandomNumbers(seed: UInt64(seed))
    // One channel of each family stays.
    var removed: Set<Int> = []
    for family in groups.families {
      for group in family.dropFirst() where random.float(0...1) < 0.5 { removed.insert(group) }
    }
    #expect(!removed.isEmpty)
    let silent = try silenced(model, groups, removed)
    let (graph, log, difference) = try silent.rewritten([PassGroup("test", [.removeChannels(groups, removed)])])
    #expect(difference < 1e-5)
    let channels = graph.nodesInOrder().map { graph.type(of: $0.outputs[0]).shape[1] }
    let before = model.graph.nodesInOrder().map { model.graph.type(of: $0.outputs[0]).shape[1] }
    #expect(channels.reduce(0, +) < before.reduce(0, +))
    #expect(log.lines.contains { $0.hasPrefix("applied head: ") } || !removed.contains { $0 >= 28 })
  }

  @Test func removingNothingChangesNothing() throws {
    let model = try everything()
    let (graph, log, difference) = try model.rewritten(
      [PassGroup("test", [.removeChannels(ChannelGroups(model.graph), [])])])
    #expect(difference == 0 && log.appliedCount == 0)
    #expect(
      graph.nodesInOrder().map { graph.type(of: $0.outputs[0]) }
        == model.graph.nodesInOrder().map { model.graph.type(of: $0.outputs[0]) })
  }

  /// What is not understood keeps its channels, and so does all that hangs together with it.
  @Test func whatNeedsAllChannelsKeepsThem() throws {
    var model = Model()
    let x = model.input([1, 4, 6, 6])
    let free = try model.conv("free", x, outputs: 8)
    let stem = try model.conv("stem", free, outputs: 8)
    let shuffled = try model.add("shuffled", ChannelShuffle(groups: 2), stem)
    let grouped = try model.conv("grouped", shuffled, outputs: 8, group: 4)
    let sum = try model.add("sum", Binary(.add), grouped, stem)
    model.graph.addOutput(try model.add("softmax", Softmax(axis: 1), sum))
    let groups = ChannelGroups(model.graph)
    #expect(groups.groups.map { $0.map(\.value) } == [[ValueID]](repeating: [free], count: 8))
    #expect(groups.families == [Array(0..<8)])
    #expect(
      groups.needed.map { "\(model.graph[$0.node]?.name ?? "") \($0.reason)" } == [
        "shuffled ChannelShuffle needs all channels", "grouped Conv cannot do without some channels",
      ])
    // The model's input and output are not ours to change.
    #expect(groups.groups(of: x).allSatisfy { $0 == -1 })
  }

  @Test func sharedWeightsAndNamedLayersKeepTheirs() throws {
    var model = Model()
    let x = model.input([1, 4, 6, 6])
    let w = model.constant("w", [4, 4, 1, 1])
    let one = Conv(window: Window(kernel: [1, 1]))
    let first = try model.add("first", one, x, w)
    let second = try model.add("second", one, first, w)
    let third = try model.conv("third", second, outputs: 4)
    let fourth = try model.conv("fourth", third, outputs: 4)
    model.graph.addOutput(fourth)
    #expect(ChannelGroups(model.graph).groups.count == 4)
    let node = try #require(model.graph.producer(of: fourth))
    let groups = ChannelGroups(model.graph, needing: [node.id: "it says so"])
    #expect(groups.groups.isEmpty)
    #expect(groups.needed.contains { $0.node == node.id && $0.reason == "it says so" })
  }
}
