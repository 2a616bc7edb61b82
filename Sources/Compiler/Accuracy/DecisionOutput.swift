package import Answers
import Bundles
import CanonicalJSON
import IR
package import Reports
package import Tensors
import Texts

/// The output of a model that decides, and what its numbers mean.
package struct DecisionOutput: Sendable {
  package var meaning: OutputMeaning
  /// The position among the graph's outputs.
  package let position: Int
  /// How it divides into samples.
  package let rows: OutputRows
  /// What to warn of where several outputs could be meant.
  package let warning: String?
  /// The class that is the finding, where its name was told and no class had it yet.
  private var unnamedPositive: String?

  /// What a bundle stores, with what the user says put over it; of other models what the user says, else what the graph
  /// ends in.
  ///
  /// - Parameters:
  ///   - labels: class names in the model's order, where they are known
  ///   - like: the meaning of the model it is compared with, for what neither the user nor the bundle says
  package init(
    _ model: LoadedModel, _ settings: AnswerSettings, labels: [String]?, like: OutputMeaning? = nil
  ) throws(Refusal) {
    var meaning: OutputMeaning
    do throws(Refusal) {
      let stored = try model.bundle?.answer.map { (_) throws(Refusal) in
        try OutputReading.stored(model.bundle?.answer, in: model.graph, labels: labels?.count)
      }
      if let stored, settings.output == nil || settings.output == stored.meaning.output {
        (meaning, position) = stored
        warning = nil
        try DecisionOutput.override(&meaning, settings)
      } else {
        var request = OutputReading.Request()
        request.output = settings.output
        request.task = settings.task ?? like?.task
        request.scores = settings.scores
        request.labels = labels?.count
        let reading = try OutputReading(model.graph, request)
        (meaning, position) = (reading.meaning, reading.position)
        if let like, like.classCount == meaning.classCount {
          meaning.positive = like.positive
          meaning.thresholds = like.thresholds
        }
        warning = DecisionOutput.warning(reading)
      }
    } catch {
      throw error.of(file: model.path)
    }
    rows = OutputRows(model.graph, output: position)
    if case .fixed(let thresholds)? = settings.threshold {
      meaning.thresholds = try DecisionOutput.spread(thresholds, over: meaning)
    }
    if settings.choosesThreshold, meaning.task != .binary {
      throw .usage("\(model.path): a threshold is chosen for binary models; this one is \(meaning.task.rawValue)")
    }
    self.meaning = meaning
    unnamedPositive = settings.positive
    if let labels { try name(labels) }
  }

  /// Finds the class that is the finding among the names of classes, which may be known only from the data.
  package mutating func name(_ labels: [String]) throws(Refusal) {
    guard let positive = unnamedPositive else { return }
    unnamedPositive = nil
    guard meaning.task == .binary else {
      throw .usage("--positive \(positive): is for binary models; this one is \(meaning.task.rawValue)")
    }
    if let index = labels.firstIndex(of: positive) ?? Int(positive), (0...1).contains(index) {
      meaning.positive = index
    } else {
      throw .usage("--positive \(positive): is no class; there are \(labels.joined(separator: ", "))")
    }
  }

  /// Takes a number for the class that is the finding where nothing names classes, and refuses a name.
  package mutating func nameByNumber() throws(Refusal) {
    guard let positive = unnamedPositive else { return }
    guard Int(positive) == nil else { return try name(["0", "1"]) }
    throw .usage("--positive \(positive): names of classes are not known: give them with --labels")
  }

  private static func override(_ meaning: inout OutputMeaning, _ settings: AnswerSettings) throws(Refusal) {
    guard settings.task != nil || settings.scores != nil else { return }
    var told = OutputMeaning(
      output: meaning.output, task: settings.task ?? meaning.task, scores: settings.scores ?? meaning.scores,
      count: meaning.count)
    try OutputReading.check(told)
    if told.task == meaning.task { (told.positive, told.thresholds) = (meaning.positive, meaning.thresholds) }
    meaning = told
  }

  private static func spread(_ thresholds: [Double], over meaning: OutputMeaning) throws(Refusal) -> [Double] {
    switch meaning.task {
    case .binary where thresholds.count == 1: return thresholds
    case .multilabel where thresholds.count == meaning.count: return thresholds
    case .multilabel where thresholds.count == 1:
      return Array(repeating: thresholds[0], count: meaning.count)
    case .multilabel: throw .usage("--threshold: \(thresholds.count) thresholds for \(meaning.count) labels")
    case .binary: throw .usage("--threshold: \(thresholds.count) thresholds for a binary model, which has one")
    case .multiclass, .none:
      throw .usage("--threshold: is for binary and multi-label models; this one is \(meaning.task.rawValue)")
    }
  }

  private static func warning(_ reading: OutputReading) -> String? {
    guard !reading.rivals.isEmpty else { return nil }
    let rivals = reading.rivals.map { Printable.name($0) }.joined(separator: ", ")
    return "output \(Printable.name(reading.meaning.output)) is taken for the decision, \(rivals) could be as well: "
      + "say which with --output-name"
  }

  /// As reports hold it.
  package func summary(labels: [String]?) -> Report.AnswerSummary {
    Report.AnswerSummary(description: description(labels: labels), stored: meaning.json)
  }

  /// How the answer is read, in words: `binary (one logit, threshold 0.5), positive: mel`.
  package func description(labels: [String]?) -> String {
    let meaning = meaning
    let single = meaning.scores == .logits ? "logit" : "probability"
    switch meaning.task {
    case .none: return "no decision: \(Figures.count(meaning.count, "number")) for a sample"
    case .multiclass: return "multi-class, \(meaning.count) \(meaning.scores.rawValue)"
    case .multilabel: return "multi-label, \(meaning.count) \(meaning.scores.rawValue)"
    case .binary:
      let scores = meaning.count == 1 ? "one \(single)" : "two \(meaning.scores.rawValue)"
      let threshold = meaning.threshold.map { ", threshold \(Figures.decimal($0, 4))" } ?? ""
      return
        "binary (\(scores)\(threshold)), positive: \(Printable.name((labels ?? []).className(meaning.positive), limit: 40))"
    }
  }
}
