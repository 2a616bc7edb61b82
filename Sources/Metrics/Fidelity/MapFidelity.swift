/// How alike the maps of two models are over some images: means and medians, with intervals over draws of the images.
package struct MapFidelity: Sendable, Equatable {
  /// Images of which at least one model has a map: those the figures are of.
  package var images = 0
  /// How many images have which maps, where some have.
  package var counts: [MapComparison.Found: Int] = [:]
  /// The mean and the median of each measure; nil where no image has it.
  package var means: [Measure: Estimate] = [:]
  package var medians: [Measure: Estimate] = [:]

  package enum Measure: String, Sendable, CaseIterable {
    case correlation
    case overlap
    case shift

    /// What it can be.
    package var bounds: ClosedRange<Double> { self == .correlation ? -1...1 : 0...1 }

    func value(_ comparison: MapComparison) -> Double? {
      switch self {
      case .correlation: comparison.correlation
      case .overlap: comparison.overlap
      case .shift: comparison.shift
      }
    }
  }

  package init() {}

  /// How many images have such maps.
  package func count(of found: MapComparison.Found) -> Int { counts[found, default: 0] }

  /// - Parameters:
  ///   - comparisons: of all images; those of which neither model has a map are counted, no more
  ///   - groups: which images belong together; nil where each stands for itself
  package init(_ comparisons: [MapComparison], groups: SampleGroups?) {
    for comparison in comparisons { counts[comparison.found, default: 0] += 1 }
    let chosen = comparisons.indices.filter { comparisons[$0].found != .neither }
    images = chosen.count
    let groups = groups?.subset(chosen)
    let columns = Measure.allCases.map { measure in
      WeightedColumn(chosen.map { measure.value(comparisons[$0]) })
    }
    let estimates = Bootstrap().intervals(samples: images, groups: groups) { weights in
      columns.map { $0.mean(weights) } + columns.map { $0.median(weights) }
    }
    guard estimates.count == 2 * columns.count else { return }
    for (index, measure) in Measure.allCases.enumerated() {
      // Images that all agree, or one alone, tell less than an interval of no width says.
      let units = groups?.count ?? images
      means[measure] = estimates[index]?.widened(samples: units, to: measure.bounds)
      medians[measure] = estimates[columns.count + index]?.widened(samples: units, to: measure.bounds)
    }
  }
}

/// Numbers of samples, of which some have none.
private struct WeightedColumn {
  /// Rising, each with its sample.
  private let sorted: [(value: Double, sample: Int)]

  init(_ values: [Double?]) {
    sorted = values.enumerated()
      .compactMap { index, value in value.map { (value: $0, sample: index) } }
      .sorted { ($0.value, $0.sample) < ($1.value, $1.sample) }
  }

  /// - Parameter weights: how often each sample stands
  func mean(_ weights: [Int]) -> Double? {
    var (sum, count) = (0.0, 0)
    for entry in sorted {
      sum += entry.value * Double(weights[entry.sample])
      count += weights[entry.sample]
    }
    guard count > 0, let first = sorted.first, let last = sorted.last else { return nil }
    // Sums of equal numbers are off by a last digit, and an interval would have a width that says nothing.
    return first.value == last.value ? first.value : sum / Double(count)
  }

  /// The number in the middle, or the mean of both.
  func median(_ weights: [Int]) -> Double? {
    let count = sorted.reduce(0) { $0 + weights[$1.sample] }
    guard count > 0 else { return nil }
    var (seen, lower) = (0, Double?.none)
    for entry in sorted {
      seen += weights[entry.sample]
      if lower == nil, seen > (count - 1) / 2 { lower = entry.value }
      if let lower, seen > count / 2 { return (lower + entry.value) / 2 }
    }
    preconditionFailure("numbers have a middle")
  }
}
