import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing

@testable import Quantization

/// Channels that go because they cost little for what they save.
@Suite struct ChannelPruningTests {
  /// Two layers of 1x1, 64 channels between the first and the second, 32 after it, which a third reads; the channels of
  /// each cost the more the later they come.
  private struct Case {
    var readers: [ChannelPruning.Reader] = []
    let works: [ChannelPruning.Work]
    let families = [Array(0..<64), Array(64..<96)]

    init(isMeasured: Bool) {
      var random = RandomNumbers(seed: 12)
      for (index, groups) in [Array(0..<64), Array(64..<96)].enumerated() {
        let outputs = index == 0 ? 32 : 10
        var values: [Float] = []
        for _ in 0..<outputs {
          for channel in groups.indices {
            values.append((random.float(-1...1) < 0 ? -1 : 1) * Float(channel + 1) / 64)
          }
        }
        let weights = LayerWeights(
          shape: [outputs, groups.count, 1, 1], values: values, bias: [Float](repeating: 1, count: outputs))
        let quantization = Quantization(low: -1, high: 1)
        var moments = InputMoments(groups: 1, length: groups.count, longestBlock: 1024, quantization: quantization)
        // Every input alone, so that nothing makes up for anything.
        moments.add(rows: 2 * groups.count)
        for stripe in moments.stripes {
          var products = [Float](repeating: 0, count: stripe.height * stripe.columns.count)
          for (offset, column) in stripe.columns.enumerated() {
            products[(column - stripe.first) * stripe.columns.count + offset] = 1000
          }
          products.withUnsafeBufferPointer { products in
            if let base = products.baseAddress { moments.add(base, to: stripe, group: 0) }
          }
        }
        let sensitivity = OutputSensitivity(
          noise: [Double](repeating: 1, count: outputs), shift: [Double](repeating: 1, count: outputs))
        readers.append(
          ChannelPruning.Reader(
            node: NodeID(index), weights: weights,
            measured: isMeasured ? WeightPruning.Layer(node: NodeID(index), weights, sensitivity, moments) : nil,
            groups: groups))
      }
      works = [
        ChannelPruning.Work(macs: 3 * 64 * 100, outputs: families[0], inputs: [-1, -1, -1]),
        ChannelPruning.Work(macs: 9 * 64 * 100, outputs: families[0], inputs: []),
        ChannelPruning.Work(macs: 64 * 32 * 100, outputs: families[1], inputs: families[0]),
        ChannelPruning.Work(macs: 32 * 10 * 100, outputs: [], inputs: families[1]),
      ]
    }

    var pruning: ChannelPruning { ChannelPruning(families: families, readers: readers, works: works) }

    /// What is left, counted layer by layer.
    func macs(_ removed: Set<Int>) -> Int {
      let (a, b) = (families[0].count { !removed.contains($0) }, families[1].count { !removed.contains($0) })
      return 100 * (3 * a + 9 * a + a * b + 10 * b)
    }
  }

  @Test(arguments: [true, false], [0.1, 0.3, 0.5]) func savesWhatIsAskedFor(isMeasured: Bool, fraction: Double) {
    let example = Case(isMeasured: isMeasured)
    let outcome = example.pruning.run(saving: fraction, threads: 2)
    #expect(outcome.macs.before == example.macs([]))
    #expect(outcome.macs.after == example.macs(outcome.removed))
    #expect(Double(outcome.macs.after) <= (1 - fraction) * Double(outcome.macs.before))
    // No more than eight channels further.
    #expect(Double(outcome.macs.after) > (1 - fraction - 0.26) * Double(outcome.macs.before))
    for family in example.families {
      let gone = family.filter(outcome.removed.contains)
      #expect(gone.count % 8 == 0 && gone.count <= family.count * 3 / 4)
      // The first ones cost least.
      #expect(gone == Array(family.prefix(gone.count)))
    }
    for (index, reader) in example.readers.enumerated() {
      guard reader.groups.contains(where: outcome.removed.contains) else { continue }
      let weights = outcome.layers[NodeID(index)]?.values ?? []
      #expect(weights.count == reader.weights.values.count)
      for (place, weight) in weights.enumerated() {
        let isGone = outcome.removed.contains(reader.groups[place % reader.groups.count])
        #expect((weight == 0) == isGone)
      }
    }
  }

  @Test func nothingMoreThanAllowedGoes() {
    let outcome = Case(isMeasured: true).pruning.run(saving: 0.99, threads: 1)
    #expect(outcome.removed.count == 48 + 24)
  }

  @Test func nothingIsDoneToNothing() {
    #expect(ChannelPruning(families: [], readers: [], works: []).run(saving: 0.5, threads: 2).removed.isEmpty)
    #expect(Case(isMeasured: true).pruning.run(saving: 0, threads: 2).removed.isEmpty)
  }

  @Test func threadsMakeNoDifference() {
    let pruning = Case(isMeasured: true).pruning
    let one = pruning.run(saving: 0.4, threads: 1)
    let other = pruning.run(saving: 0.4, threads: 5)
    #expect(one.removed == other.removed)
    for (node, weights) in one.layers { #expect(other.layers[node]?.values == weights.values) }
  }
}
