import IR
import Passes
import Quantization
import Reports
import Tensors

/// Finds out whether a network loses less where its channels are equalized: both are judged in int8, with ranges by the
/// same estimator.
struct EqualizationSearch {
  /// What was found out.
  struct Finding {
    let log: PassLog
    /// What channels were divided by, by the names of values.
    let factors: [String: [Float]]
    var isTaken: Bool
    /// Nil where it was asked for.
    var summary: Report.SearchSummary?
  }

  /// The equalized network, and what was found out about it.
  struct Choice {
    let network: FloatNetwork
    /// What its values are on the samples that ranges are taken from.
    let seen: [ValueID: Observation]
    let finding: Finding
  }

  /// What the choice depends on, of all that is chosen of a float network.
  struct Question: Equatable {
    /// As in the recipe.
    let equalizes: Bool?
    let ranges: FloatNetwork.RangedSamples
  }

  /// Of the candidates.
  static let names = [["equalized"], ["as they are"]]

  let recipe: Recipe
  let judge: OutputJudge?
  let threads: Int
  /// What values of a network are on the samples that ranges are taken from.
  let observe: (FloatNetwork) throws(Refusal) -> [ValueID: Observation]

  /// Nil where there is nothing to equalize, or nothing to judge it by.
  ///
  /// - Parameter seen: what values of the network are on the samples that ranges are taken from
  func run(
    _ float: FloatNetwork, _ seen: [ValueID: Observation], _ ranges: RangeSearch.Choice, _ options: Quantizer.Options
  ) throws(Refusal) -> Choice? {
    guard recipe.equalizes == true || recipe.equalizes == nil && judge != nil,
      let (equalized, factors, log) = try equalize(float, seen)
    else { return nil }
    let other = try observe(equalized)
    var costs: [[Double]]?
    if recipe.equalizes == nil, let judge {
      func cost(_ network: FloatNetwork, _ seen: [ValueID: Observation]) throws(Refusal) -> [Double] {
        let quantizer = Quantizer(network.graph, observations: seen, options: options)
        let quantizations = quantizer.quantizations(by: ranges.estimator, threads: threads)
        return try judge.costs("Judging channels", of: quantizer.run(quantizations).graph)
      }
      let plain = if let known = ranges.costs { known } else { try cost(float, seen) }
      costs = [try cost(equalized, other), plain]
    }
    return Choice(
      network: equalized, seen: other,
      finding: Finding(
        log: log, factors: factors, isTaken: costs.map(OutputJudge.keepsFirst) ?? true,
        summary: costs.flatMap { judge?.summary(EqualizationSearch.names, $0) }))
  }

  /// A network whose channels are scaled against each other, so that one int8 scale serves all of them, and what
  /// channels were divided by, by the names of values. Nil where there is nothing to scale.
  ///
  /// It computes what it is made of, except that channels which are cut off at an upper bound end earlier, beyond what
  /// samples showed of them.
  private func equalize(
    _ float: FloatNetwork, _ seen: [ValueID: Observation]
  ) throws(Refusal) -> (FloatNetwork, factors: [String: [Float]], PassLog)? {
    var all: [(channels: EqualizableChannels, factors: [Double])] = []
    for channels in EqualizableChannels.all(float.graph) {
      guard let peaks = seen[channels.value]?.channelPeaks, peaks.count == channels.values[0].channels.count,
        let factors = ChannelEqualization.factors(
          peaks: peaks, areReadApart: channels.areReadApart, isClamped: channels.isClamped)
      else { continue }
      all.append((channels, factors))
    }
    guard !all.isEmpty else { return nil }
    var graph = float.graph
    let log = try Preparation.run([PassGroup("equalization", [.equalizeChannels(all)])], on: &graph)
    let scaled = Set(log.entries.filter { $0.outcome == .applied }.map(\.node))
    var names: [String: [Float]] = [:]
    for (channels, factors) in all where graph[channels.layer].map({ scaled.contains($0.name) }) ?? false {
      for (value, origins) in channels.values { names[graph[value].name] = origins.map { Float(factors[$0]) } }
    }
    return (try FloatNetwork(graph, float.pruned, isShared: float.isShared), names, log)
  }
}
