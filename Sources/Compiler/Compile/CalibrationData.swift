package import DataSets
package import Reports

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

  typealias Halves = (ranging: [Int], judging: [Int])

  /// The samples ranges are taken from, in two halves: what is chosen for the values of one is judged on the other.
  var halves: Halves {
    let positions = calibration.indices
    return (
      positions.filter { $0 % 2 == 0 }.map { calibration[$0] }, positions.filter { $0 % 2 == 1 }.map { calibration[$0] }
    )
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

  /// What to warn of when accuracy is measured on samples that ranges were taken from, on copies of them, or on other
  /// images of the same patients or lesions. To be asked once all samples were read.
  func overlap(with evaluation: SampleLoader) -> String? {
    SampleOverlap(loader, samples: calibration, with: evaluation).warning(
      "evaluation samples", done: "calibrated on", origin: "calibration samples")
  }
}
