import Metrics

extension Document {
  /// A change, and how many samples it was measured on.
  struct Measured {
    let change: Estimate?
    let samples: Int

    init(_ change: Estimate?, samples: Int) {
      self.change = change
      self.samples = samples
    }
  }

  /// Of fewer samples an interval is so wide that it would flatten all others.
  private static let fewestSamples = 20

  /// A scale for what was measured on enough samples to tell, or for all where nothing was: every such change fits, and
  /// three quarters of their intervals do. What exceeds it is drawn as an arrow.
  static func scale(_ changes: [Measured]) -> Double {
    let sound = changes.filter { $0.change != nil && $0.samples >= fewestSamples }
    let counted = (sound.isEmpty ? changes : sound).compactMap(\.change)
    let extents = counted.map(extent).sorted()
    guard let widest = extents.dropLast(extents.count / 4).last else { return round(0) }
    return round(counted.reduce(widest) { max($0, abs($1.value)) })
  }

  /// A scale that no change and none of their intervals exceeds.
  static func scale(_ changes: [Estimate?]) -> Double {
    round(changes.compactMap { $0.map(extent) }.max() ?? 0)
  }

  /// How far from zero a change and its interval reach.
  private static func extent(_ change: Estimate) -> Double {
    [change.value, change.low ?? 0, change.high ?? 0].reduce(0) { max($0, abs($1)) }
  }

  /// A round number of percentage points, as a fraction.
  private static func round(_ largest: Double) -> Double {
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].first { $0 >= largest } ?? 1
  }

  static func difference(_ before: Double?, _ after: Double?) -> Estimate? {
    before.flatMap { before in after.map { Estimate($0 - before) } }
  }
}
