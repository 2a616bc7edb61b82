package import IR
import Math
package import Operators
import Threads

/// Chooses channels to remove until the network multiplies less, and lets the weights that meet the others make up for
/// them.
///
/// A channel that goes takes along the weights that read it. What these cost together is about the sum over them of
/// what each costs alone (`WeightPruning`); without samples, the share that their squares have of their layer's. Of all
/// channels those go that cost least for the multiplications they save. They go in stages, after each of which the
/// weights left are fitted to what all gave (`RowFit`), and by eights, as kernels compute them.
package struct ChannelPruning: Sendable {
  /// A layer that mixes channels.
  package struct Reader: Sendable {
    package let node: NodeID
    let weights: LayerWeights
    /// What samples tell of it; nil without.
    let measured: WeightPruning.Layer?
    /// The group of each input channel, -1 where it stays.
    let groups: [Int]

    package init(node: NodeID, weights: LayerWeights, measured: WeightPruning.Layer?, groups: [Int]) {
      self.node = node
      self.weights = weights
      self.measured = measured
      self.groups = groups
    }
  }

  /// A layer's multiplications, which fall with its channels on both sides.
  package struct Work: Sendable {
    let macs: Double
    /// The group of each channel, -1 where it stays; none where it counts for nothing, as inputs of a depthwise layer.
    let outputs: [Int]
    let inputs: [Int]

    package init(macs: Int, outputs: [Int], inputs: [Int]) {
      self.macs = Double(macs)
      self.outputs = outputs
      self.inputs = inputs
    }
  }

  /// What is to be done.
  package struct Outcome: Sendable {
    package let removed: Set<Int>
    /// The readers' weights, those of removed channels zero.
    package let layers: [NodeID: LayerWeights]
    /// Multiplications before and after.
    package let macs: (before: Int, after: Int)
  }

  private let families: [[Int]]
  private let readers: [Reader]
  private let works: [Work]
  private let groupCount: Int

  /// Channels that kernels compute together.
  private static let step = 8
  /// The most of its channels that a layer loses: what it seems not to need on the samples at hand it may need on
  /// others.
  private static let mostOfALayer = 0.75

  /// - Parameters:
  ///   - families: groups that are channels of the same values; each group is in one
  package init(families: [[Int]], readers: [Reader], works: [Work]) {
    self.families = families
    self.readers = readers
    self.works = works
    groupCount = (families.joined().max() ?? -1) + 1
  }

  /// The fraction of the multiplications to save, from 0 to below 1. The result does not depend on the number of
  /// threads.
  package func run(saving fraction: Double, threads: Int, progress: (@Sendable (Int) -> Void)? = nil) -> Outcome {
    var isLeft = [Bool](repeating: true, count: groupCount)
    var weights = readers.map(\.weights.values)
    let fits = readers.map { $0.measured.map { LayerFit($0) } }
    let before = macs(isLeft)
    let workers = Workers(threads: threads)
    for stage in 1...ChannelPruning.stages {
      let target = before * (1 - fraction * Double(stage) / Double(ChannelPruning.stages))
      drop(until: target, &isLeft, scores(weights, fits))
      let fitted = workers.map(below: readers.count) { index in
        progress?(index)
        let rest = silence(readers[index], weights[index], isLeft)
        return fits[index]?.fit(rest) ?? rest
      }
      weights = fitted
    }
    let layers = zip(readers, weights).filter { reader, _ in reader.groups.contains { $0 >= 0 && !isLeft[$0] } }
      .map { reader, weights in
        (
          reader.node,
          reader.measured?.pruned(weights)
            ?? LayerWeights(
              shape: reader.weights.shape, values: weights, bias: reader.weights.bias, groups: reader.weights.groups)
        )
      }
    return Outcome(
      removed: Set(isLeft.indices.filter { !isLeft[$0] }), layers: Dictionary(uniqueKeysWithValues: layers),
      macs: (Int(before.rounded()), Int(macs(isLeft).rounded())))
  }

  private static let stages = 4

  /// How often `progress` is called.
  package var progressCount: Int { ChannelPruning.stages * readers.count }

  // MARK: What channels cost

  /// The cost of each group.
  private func scores(_ weights: [[Float]], _ fits: [LayerFit?]) -> [Double] {
    var scores = [Double](repeating: 0, count: groupCount)
    for (index, reader) in readers.enumerated() {
      let channels = reader.groups.count
      let length = weights[index].count / max(1, reader.weights.shape[0])
      let taps = length / max(1, channels)
      var costs = [Double](repeating: 0, count: channels)
      for row in 0..<reader.weights.shape[0] {
        for column in 0..<length {
          let weight = Double(weights[index][row * length + column])
          costs[column / taps] += weight * weight * (fits[index]?.cost(row: row, column: column) ?? 1)
        }
      }
      let all = fits[index] == nil ? max(costs.reduce(0, +), .leastNormalMagnitude) : 1
      for (channel, group) in reader.groups.enumerated() where group >= 0 { scores[group] += costs[channel] / all }
    }
    return scores
  }

  // MARK: What they save

  private func share(_ groups: [Int], _ isLeft: [Bool]) -> Double {
    groups.isEmpty ? 1 : Double(groups.count { $0 < 0 || isLeft[$0] }) / Double(groups.count)
  }

  private func macs(_ isLeft: [Bool]) -> Double {
    works.reduce(0) { $0 + $1.macs * share($1.outputs, isLeft) * share($1.inputs, isLeft) }
  }

  /// What each group that is left would save if it alone went.
  private func savings(_ isLeft: [Bool]) -> [Double] {
    var savings = [Double](repeating: 0, count: groupCount)
    for work in works {
      let (outputs, inputs) = (share(work.outputs, isLeft), share(work.inputs, isLeft))
      for group in work.outputs where group >= 0 { savings[group] += work.macs * inputs / Double(work.outputs.count) }
      for group in work.inputs where group >= 0 { savings[group] += work.macs * outputs / Double(work.inputs.count) }
    }
    return savings
  }

  /// Removes what costs least for what it saves.
  private func drop(until target: Double, _ isLeft: inout [Bool], _ scores: [Double]) {
    let savings = savings(isLeft)
    var packets: [(groups: ArraySlice<Int>, ratio: Double)] = []
    for family in families {
      let left = family.filter { isLeft[$0] }.sorted { (scores[$0], $0) < (scores[$1], $1) }
      let least = max(
        ChannelPruning.step, Int((Double(family.count) * (1 - ChannelPruning.mostOfALayer)).rounded(.up)))
      // What is left is a multiple of the step.
      var first = 0
      var next = left.count % ChannelPruning.step
      if next == 0 { next = ChannelPruning.step }
      while left.count - next >= least {
        let groups = left[first..<next]
        let cost = groups.reduce(0.0) { $0 + scores[$1] }
        let saved = groups.reduce(0.0) { $0 + savings[$1] }
        if saved > 0 { packets.append((groups, cost / saved)) }
        (first, next) = (next, next + ChannelPruning.step)
      }
    }
    for packet in packets.sorted(by: { ($0.ratio, $0.groups.first ?? 0) < ($1.ratio, $1.groups.first ?? 0) }) {
      if macs(isLeft) <= target { break }
      for group in packet.groups { isLeft[group] = false }
    }
  }

  /// The weights with those zero that meet channels which are gone.
  private func silence(_ reader: Reader, _ weights: [Float], _ isLeft: [Bool]) -> [Float] {
    var weights = weights
    let length = weights.count / max(1, reader.weights.shape[0])
    let taps = length / max(1, reader.groups.count)
    for index in weights.indices {
      let group = reader.groups[index % length / taps]
      if group >= 0, !isLeft[group] { weights[index] = 0 }
    }
    return weights
  }
}
