import Answers
import DataSets
import Metrics
import Reports
import Tensors
import Texts

/// Fits how far features may be from those of samples like them: mean and axes on one half of the samples, the
/// threshold on the other, since the samples that a distance is fitted on are nearer by it than new ones.
struct DistanceFit {
  /// The features of each sample, and the activation they are of.
  struct Features {
    let activation: String
    let rows: [[Double]]
  }

  /// Nil where there are too few samples, or all are alike.
  let distance: FeatureDistance?
  /// What of it promises less than one would think.
  let warning: String?

  /// With fewer samples a variance says little.
  private static let fewestFitted = 8
  /// More tell little more of a mean and some axes, and are of more use to the threshold.
  private static let mostFitted = 512

  /// - Parameters:
  ///   - chosen: samples that are exchangeable with new ones: one of each group
  ///   - groups: whose the samples are; all of those whose one sample fits the distance fit it
  ///   - seed: of the halves
  /// - Throws: where features are not finite
  init(
    _ features: Features, chosen: [Int], groups: SampleGroups?, falseAlarms: Double, seed: UInt64
  ) throws(Refusal) {
    guard features.rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw Refusal(
        "\(Printable.name(features.activation)) overflows on samples fitted on, so it has no features to measure "
          + "distances by", remedy: "use --unlike energy")
    }
    let order = SampleSelection.shuffled(chosen.count, seed: seed)
    let half = min(chosen.count / 2, DistanceFit.mostFitted)
    let kept = order[half...].map { chosen[$0] }
    guard half >= DistanceFit.fewestFitted,
      ConformalThreshold.rank(covering: 1 - falseAlarms, samples: kept.count) <= kept.count
    else {
      let least = ConformalThreshold.leastSamples(covering: 1 - falseAlarms)
      distance = nil
      warning =
        "\(Figures.count(chosen.count, "sample")) are too few to tell unlike images by their features at "
        + "\(Figures.percent(falseAlarms)) false alarms, which takes \(DistanceFit.fewest(threshold: least)), "
        + "\(least) of them for the threshold"
      return
    }
    let fitted = DistanceFit.members(of: Set(order[..<half].map { chosen[$0] }), groups, count: features.rows.count)
    let rows = SampleSelection.spread(fitted, atMost: DistanceFit.mostFitted).map { features.rows[$0] }
    guard let axes = PrincipalAxes(rows, most: FeatureDistance.mostAxes),
      var found = FeatureDistance(
        axes, activation: features.activation, samples: rows.count, falseAlarms: falseAlarms)
    else {
      distance = nil
      warning =
        "\(Printable.name(features.activation)) is the same for all samples fitted on, so nothing tells unlike images"
      return
    }
    guard
      let threshold = ConformalThreshold.upper(
        kept.map { found.distance(features.rows[$0]) }, covering: 1 - falseAlarms)
    else { preconditionFailure("a threshold is of more samples than there are") }
    found.threshold = threshold
    (distance, warning) = (found, nil)
  }

  /// How many samples it takes where the threshold takes some.
  private static func fewest(threshold: Int) -> Int {
    let halves = max(2 * fewestFitted, 2 * threshold - 1)
    return threshold > mostFitted ? threshold + mostFitted : halves
  }

  /// The samples of the groups that some are of, in rising order.
  private static func members(of some: Set<Int>, _ groups: SampleGroups?, count: Int) -> [Int] {
    guard let groups else { return some.sorted() }
    let own = Set(some.map { groups.indices[$0] })
    return (0..<count).filter { own.contains(groups.indices[$0]) }
  }
}

extension FeatureDistance {
  /// Axes as they are stored, without a threshold; nil where float32 has no place for their variances.
  fileprivate init?(_ axes: PrincipalAxes, activation: String, samples: Int, falseAlarms: Double) {
    let rest = Float(axes.rest)
    let stored = zip(axes.axes, axes.variances).compactMap { axis, variance -> Axis? in
      let variance = Float(variance)
      guard variance > rest else { return nil }
      return Axis(numbers: Numbers(axis, largest: FeatureDistance.axisLimit), variance: variance)
    }
    guard rest.isFinite, stored.allSatisfy(\.variance.isFinite) else { return nil }
    self.init(
      activation: activation, mean: Numbers(axes.mean, largest: FeatureDistance.meanLimit), axes: stored,
      variance: rest, samples: samples, falseAlarms: falseAlarms, threshold: 0)
  }
}
