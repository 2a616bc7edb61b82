import Answers
import DataSets
import Metrics
import Reports
import Tensors

extension DecisionOutput {
  /// A model's answers as they are measured.
  ///
  /// - Parameter runs: the output of each run that could be made
  func measured(_ runs: [[Float]]) -> MeasuredModel {
    let rows = runs.flatMap(self.rows.rows)
    let answers = rows.map(meaning.answer)
    switch meaning.task {
    case .none: return MeasuredModel(outputs: rows, answers: .none)
    case .multiclass, .binary:
      // One class is always decided for.
      return MeasuredModel(
        outputs: rows,
        answers: .classes(probabilities: answers.map(\.probabilities), predictions: answers.flatMap(\.decided)))
    case .multilabel:
      let decisions = answers.map { answer in
        answer.probabilities.indices.map { answer.decided.contains($0) }
      }
      return MeasuredModel(
        outputs: rows, answers: .labels(probabilities: answers.map(\.probabilities), decisions: decisions))
    }
  }

  /// What to measure on samples without labels.
  func request(_ data: AccuracyReport.Data) -> MeasureRequest {
    MeasureRequest(data: data, task: measuredTask)
  }

  /// What to measure on labelled samples.
  ///
  /// - Parameters:
  ///   - used: the samples that could be read
  ///   - settings: at which specificities sensitivities are wanted
  func request(
    _ data: LabelledSamples, used: [Int], _ settings: AnswerSettings
  ) throws(Refusal) -> MeasureRequest {
    var request = MeasureRequest(data: .labelled, task: measuredTask, classes: data.classes)
    if let sets = data.labelSets {
      let count = meaning.classCount
      request.truth = .labels(used.map { sample in (0..<count).map { sets[sample].contains($0) } })
    } else {
      request.truth = .classes(used.map { data.labels[$0] })
    }
    if meaning.task == .binary { request.positive = meaning.positive }
    request.thresholds = thresholds(settings)
    request.groups = data.groups?.groups(of: used)
    request.subgroups = data.subgroups.map { column in
      SubgroupColumn(column.column, values: used.map { column.values[$0] })
    }
    for (name, specificity) in settings.specificities {
      guard let index = data.classes.firstIndex(of: name) else {
        throw .usage("--at-specificity \(name): is no class; there are \(data.classes.joined(separator: ", "))")
      }
      request.specificities[index] = specificity
    }
    return request
  }

  /// Chooses the threshold on labelled samples, where that was asked for: at what the model that will be used finds.
  mutating func chooseThreshold(
    _ settings: AnswerSettings, on runs: [[Float]], _ data: LabelledSamples, used: [Int]
  ) throws(Refusal) {
    guard let choice = settings.choice else { return }
    let threshold = choice.threshold(
      isPositive: used.map { data.labels[$0] == meaning.positive },
      probabilities: runs.flatMap(rows.rows).map { meaning.probabilities($0)[meaning.positive] })
    guard let threshold else {
      throw Refusal(
        file: data.path, reason: "has not both positive and negative samples, so that no threshold can be chosen")
    }
    meaning.thresholds = [threshold]
  }

  private var measuredTask: MeasuredTask {
    switch meaning.task {
    case .multiclass: .multiclass
    case .binary: .binary
    case .multilabel: .multilabel
    case .none: .none
    }
  }

  private func thresholds(_ settings: AnswerSettings) -> [Threshold] {
    switch meaning.task {
    case .binary: return meaning.threshold.map { [Threshold($0, settings.choice.map { .chosen($0) } ?? .given)] } ?? []
    case .multilabel: return (0..<meaning.count).map { Threshold(meaning.threshold(ofLabel: $0)) }
    case .multiclass, .none: return []
    }
  }
}

extension AnswerSettings {
  /// How the threshold is chosen on labelled samples; nil where it is not.
  fileprivate var choice: ThresholdChoice? {
    switch threshold {
    case .sensitivity(let target): .sensitivity(target)
    case .youden: .youden
    case .fixed, nil: nil
    }
  }
}
