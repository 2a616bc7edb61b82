package import Metrics
package import Reports

/// One model's answers on the samples, as they are measured.
package struct MeasuredModel: Sendable {
  package enum Answers: Sendable {
    /// A row of probabilities, one a class, and the class decided for. A binary model has the classes of its two
    /// answers.
    case classes(probabilities: [[Double]], predictions: [Int])
    /// A row of probabilities, one a label, and whether each label was decided for.
    case labels(probabilities: [[Double]], decisions: [[Bool]])
    /// Numbers that decide nothing.
    case none
  }

  /// What the model put out for each sample: only distances are measured on it.
  package let outputs: [[Float]]
  package let answers: Answers

  package init(outputs: [[Float]], answers: Answers) {
    self.outputs = outputs
    self.answers = answers
  }
}

/// The right answers.
package enum RightAnswers: Sendable {
  /// The class of each sample.
  case classes([Int])
  /// For each sample whether each label applies.
  case labels([[Bool]])
}

/// What to measure answers against, and how. Everything per sample is in the order of the models' answers.
package struct MeasureRequest: Sendable {
  /// What the samples are, for the report.
  package var data: AccuracyReport.Data
  /// What is said of the answers; nil where it is a guess. Measures follow the answers themselves.
  package var task: MeasuredTask?
  /// Names of the classes or labels, in the order of the probabilities; missing ones are numbered.
  package var classes: [String]
  /// Nil where nothing is known about right answers.
  package var truth: RightAnswers?
  /// Which class of a binary model it looks for: what is told of it comes on top of what is told of two classes.
  package var positive: Int?
  /// At which probabilities decisions were made: one of a binary model, one a label; none where the highest decides.
  package var thresholds: [Threshold] = []
  package var groups: SampleGroups?
  package var subgroups: [SubgroupColumn] = []
  /// At which specificity to tell the sensitivity of some classes, by their index.
  package var specificities: [Int: Double] = [:]
  package var bootstrap = Bootstrap()

  package init(data: AccuracyReport.Data, task: MeasuredTask?, classes: [String] = [], truth: RightAnswers? = nil) {
    self.data = data
    self.task = task
    self.classes = classes
    self.truth = truth
  }
}
