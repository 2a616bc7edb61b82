package import DataSets
import Reports

/// The samples a compilation looks at: those it calibrates with, and those it holds back to compare float and int8 on.
package struct CalibrationData: Sendable {
  package let loader: SampleLoader
  package let calibration: [Int]
  package let heldBack: [Int]

  /// One sample in eight is held back where no labelled data are given to compare on.
  package static let heldBackShare = 8

  /// - Parameter holdsBack: whether to keep samples out of calibration for the comparison
  package init(_ loader: SampleLoader, recipe: Recipe, holdsBack: Bool) {
    self.loader = loader
    let chosen = SampleSelection.choose(recipe.samples, of: loader.samples.count, seed: recipe.seed)
    let back = holdsBack ? chosen.count / CalibrationData.heldBackShare : 0
    // Spread evenly over the chosen ones, which lie in order of their folders.
    var held: [Int] = []
    var kept: [Int] = []
    for (position, sample) in chosen.enumerated() {
      if position * back / max(1, chosen.count) != (position + 1) * back / max(1, chosen.count) {
        held.append(sample)
      } else {
        kept.append(sample)
      }
    }
    calibration = kept
    heldBack = held
  }

  /// The samples to compare float and compiled on: held-back ones, or where there are too few to hold any back those
  /// ranges are taken from.
  var comparable: (samples: [Int], data: AccuracyReport.Data) {
    heldBack.isEmpty ? (calibration, .calibration) : (heldBack, .heldBack)
  }

  /// How many samples ranges were taken from, once all were tried.
  var usedForCalibration: Int {
    let unusable = Set(loader.problems.map(\.index))
    return calibration.count { !unusable.contains($0) }
  }

  /// What to warn of when accuracy is measured on samples that ranges were taken from.
  func overlap(with evaluation: SampleLoader) -> String? {
    let seen = Set(calibration.map { loader.samples[$0].path })
    let count = evaluation.samples.count { seen.contains($0.path) }
    guard count > 0 else { return nil }
    return "\(count) of \(evaluation.count) evaluation samples were calibrated on too: use a folder of others"
  }
}
