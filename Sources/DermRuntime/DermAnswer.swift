import Answers

/// What a model says of one image.
public struct DermAnswer: Sendable, Equatable {
  /// What is decided.
  public enum Task: String, Sendable {
    /// One of several classes.
    case multiclass
    /// A finding that is there or not: the two are the classes.
    case binary
    /// Several findings, each there or not: the labels.
    case multilabel
    /// Nothing: the model's numbers are an embedding, a map, a measured value.
    case none
  }

  public let task: Task
  /// Every class, or label, in the model's order; empty where nothing is decided.
  public let classes: [DermClass]
  /// The model's own numbers, of which the probabilities are made.
  public let output: [Float]
  /// How sure the answer is; nil where the bundle was not told.
  public let certainty: DermCertainty?

  /// The class decided for; of several labels the most probable one that counts as there, and nil where none does.
  public var decision: DermClass? { decisions.max { $0.probability < $1.probability } }

  /// All classes decided for: one, or of a multi-label model those that count as there.
  public var decisions: [DermClass] { classes.filter(\.isDecided) }

  /// The class with the highest probability, the first of equal ones; nil where nothing is decided.
  public var mostProbable: DermClass? { classes.max { $0.probability < $1.probability } }

  /// The most probable classes, the highest probability first, of equal ones the first in the model's order.
  public func top(_ count: Int) -> [DermClass] {
    let ranking = classes.sorted { ($1.probability, $0.index) < ($0.probability, $1.index) }
    return Array(ranking.prefix(max(0, count)))
  }

  init(task: Task, classes: [DermClass], output: [Float], certainty: DermCertainty? = nil) {
    self.task = task
    self.classes = classes
    self.output = output
    self.certainty = certainty
  }
}

extension DermAnswer.Task {
  init(_ task: OutputMeaning.Task) {
    self =
      switch task {
      case .multiclass: .multiclass
      case .binary: .binary
      case .multilabel: .multilabel
      case .none: .none
      }
  }
}

/// One class, or label, of an answer.
public struct DermClass: Sendable, Equatable {
  /// Its place in the model's order.
  public let index: Int
  /// Its name, or its place where the bundle names none.
  public let label: String
  public let probability: Double
  /// Whether the model decides for it: the best class of several, or one whose probability reaches its threshold.
  public let isDecided: Bool
}
