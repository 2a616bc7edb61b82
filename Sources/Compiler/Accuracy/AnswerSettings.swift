package import Answers
import Images
package import Tensors

/// What the user said about a model's answer: which output decides, what it decides, and from where on.
///
/// What was left out comes from the model's bundle or its graph.
package struct AnswerSettings: Sendable {
  /// How the thresholds of a binary or multi-label model are had.
  package enum Threshold: Sendable, Equatable {
    /// One for all labels, or one for each.
    case fixed([Double])
    /// The highest at which the compiled model finds this share of the positive samples it is evaluated on.
    case sensitivity(Double)
    /// The one with the largest sum of sensitivity and specificity on the samples the model is evaluated on.
    case youden
  }

  package private(set) var task: OutputMeaning.Task?
  package private(set) var scores: OutputMeaning.Scores?
  package private(set) var output: String?
  /// The name, or the number, of a binary model's class that is the finding.
  package private(set) var positive: String?
  package private(set) var threshold: Threshold?
  /// At which specificity to tell the sensitivity of some classes, by their names.
  package private(set) var specificities: [(name: String, specificity: Double)] = []

  package init() {}

  /// Parses the options of the command line.
  package init(
    task: OutputMeaning.Task?, scores: OutputMeaning.Scores?, output: String?, positive: String?,
    threshold: String? = nil, sensitivity: String? = nil, specificities: [String] = []
  ) throws(Refusal) {
    self.task = task
    self.scores = scores
    self.output = output
    self.positive = positive
    if let threshold, sensitivity != nil {
      throw .usage("--threshold \(threshold): --sensitivity chooses the threshold; give one of the two")
    }
    if let threshold { self.threshold = try AnswerSettings.threshold(threshold) }
    if let sensitivity {
      self.threshold = .sensitivity(try AnswerSettings.fraction(sensitivity, "--sensitivity \(sensitivity)"))
    }
    for text in specificities { self.specificities.append(try AnswerSettings.specificity(text)) }
  }

  /// `CLASS=FRACTION`
  private static func specificity(_ text: String) throws(Refusal) -> (name: String, specificity: Double) {
    let option = "--at-specificity \(text)"
    guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
      throw .usage("\(option): expected a class, then =, then a fraction, as in mel=0.9")
    }
    return (String(text[..<equals]), try fraction(String(text[text.index(after: equals)...]), option))
  }

  /// Whether the user said anything.
  package var isTold: Bool {
    task != nil || scores != nil || output != nil || positive != nil || threshold != nil
  }

  /// Refuses what needs labelled data where there are none.
  func checkMeasured(_ isLabelled: Bool) throws(Refusal) {
    guard !isLabelled else { return }
    guard !choosesThreshold else {
      throw .usage("a threshold is chosen on labelled data: give --eval DIR, or the threshold itself (--threshold 0.3)")
    }
    guard specificities.isEmpty else { throw .usage("--at-specificity is measured on labelled data: give --eval DIR") }
  }

  /// Whether the thresholds are chosen on labelled data.
  package var choosesThreshold: Bool {
    switch threshold {
    case .sensitivity, .youden: true
    case .fixed, nil: false
    }
  }

  private static func threshold(_ text: String) throws(Refusal) -> Threshold {
    if text == "youden" { return .youden }
    var values: [Double] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      values.append(try fraction(String(part), "--threshold \(text)"))
    }
    return .fixed(values)
  }

  private static func fraction(_ text: String, _ option: String) throws(Refusal) -> Double {
    guard let value = try? Preprocessing.number(text), (0...1).contains(value) else {
      throw .usage("\(option): expected a fraction from 0 to 1")
    }
    return value
  }
}
