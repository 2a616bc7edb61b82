package import Answers
import Images
package import Tensors

/// What the user wants to know of how sure answers are, and the labelled samples it is fitted on.
package struct UncertaintySettings: Sendable {
  /// What it is fitted on.
  enum Source: Sendable {
    /// A folder of labelled samples, apart from those that are reported on.
    case folder(String)
    /// A share of the samples that would be reported on.
    case split(share: Double)
  }

  /// What unlike images are told by.
  package enum Unlike: String, Sendable, CaseIterable {
    /// The energy of the logits, which costs nothing.
    case energy
    /// How far the features are from those fitted on (`FeatureDistance`).
    case mahalanobis
  }

  let source: Source
  /// The source as it was told.
  let text: String
  /// The smallest sets on average, and nothing to choose.
  package private(set) var method = PredictionSets.Method.lac
  package private(set) var coverage = 0.9
  /// Whether the coverage is to hold for each class.
  package private(set) var isByClass = false
  /// The share of wrong answers that is not to be exceeded; nil where answers are given whatever their confidence.
  package private(set) var risk: Double?
  /// The share of images like those fitted on that may be taken for unlike them.
  package private(set) var falseAlarms = 0.05
  package private(set) var unlike = Unlike.energy
  /// In which share of draws of the fitted samples the risk holds.
  package let certainty = 0.95

  /// Parses the options of the command line.
  ///
  /// - Parameter path: nil where nothing is to be fitted; other options then make no sense
  package init?(
    path: String?, method: PredictionSets.Method?, coverage: String?, isByClass: Bool, risk: String?,
    falseAlarms: String?, unlike: Unlike? = nil
  ) throws(Refusal) {
    guard let path else {
      let given = [
        method.map { "--conformal \($0.rawValue)" }, coverage.map { "--coverage \($0)" },
        isByClass ? "--coverage-by-class" : nil, risk.map { "--max-risk \($0)" },
        falseAlarms.map { "--false-alarms \($0)" }, unlike.map { "--unlike \($0.rawValue)" },
      ]
      if let option = given.compactMap(\.self).first {
        throw .usage("\(option): is fitted on labelled samples: give --calibrate-probabilities DIR")
      }
      return nil
    }
    text = path
    if path.hasPrefix(UncertaintySettings.splitMark) {
      let share = String(path.dropFirst(UncertaintySettings.splitMark.count))
      source = .split(share: try UncertaintySettings.share(share, "--calibrate-probabilities split:"))
    } else {
      source = .folder(path)
    }
    if let method { self.method = method }
    if let unlike { self.unlike = unlike }
    if let coverage { self.coverage = try UncertaintySettings.share(coverage, "--coverage") }
    self.isByClass = isByClass
    self.risk = try risk.map { text throws(Refusal) in try UncertaintySettings.share(text, "--max-risk") }
    if let falseAlarms { self.falseAlarms = try UncertaintySettings.share(falseAlarms, "--false-alarms") }
  }

  private static let splitMark = "split:"

  private static func share(_ text: String, _ option: String) throws(Refusal) -> Double {
    guard let value = try? Preprocessing.number(text), value >= 0.0001, value <= 0.9999 else {
      throw .usage("\(option)\(option.hasSuffix(":") ? "" : " ")\(text): expected a fraction from 0.0001 to 0.9999")
    }
    return value
  }
}
