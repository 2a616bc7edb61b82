package import CanonicalJSON
import DataSets
import Reports
import Runtime

/// What `dermc eval` does: scores on labelled data, and the metrics of one model or the comparison of two.
package struct EvaluationJob {
  private let settings: DataSettings
  private let threads: Int
  private let math: MathLibrary
  private let isStrict: Bool
  private let observer: any WorkObserver

  /// - Parameter isStrict: whether to refuse what there is to warn of, such as samples that cannot be read
  package init(settings: DataSettings, threads: Int, math: MathLibrary, isStrict: Bool, observer: any WorkObserver) {
    self.settings = settings
    self.threads = threads
    self.math = math
    self.isStrict = isStrict
    self.observer = observer
  }

  package struct Result {
    package let json: JSON
    package let text: String
  }

  package func run(_ model: LoadedModel, against other: LoadedModel?, data path: String) throws(Diagnostic) -> Result {
    // A model without preprocessing of its own is fed as the other one is.
    let stored = model.preprocessing ?? other?.preprocessing
    let names = settings.labels ?? model.labels ?? other?.labels
    func scores(
      _ model: LoadedModel, _ preprocessing: JSON?
    ) throws(Diagnostic) -> (data: LabelledData, scores: [[Float]?]) {
      let binding = try DataBinding(model, settings: settings, preprocessing: preprocessing, labels: names)
      let data = try binding.labelled(at: path)
      try observer.warn(binding.assumption(for: [data.loader]), isStrict: isStrict)
      let plan = try Preparation.plan(Preparation.executable(model), on: math, fusesRows: true)
      observer.note(plan, threads: threads)
      observer.begin("Evaluating", count: data.loader.count)
      defer { observer.end() }
      let scores = Inference.run(
        plan, on: data.loader, samples: Array(0..<data.loader.count), threads: threads
      ) { observer.advance() }
      return (data, scores)
    }
    let (data, own) = try scores(model, stored)
    let reference = try other.map { other throws(Diagnostic) in try scores(other, other.preprocessing ?? stored) }
    try observer.report(data.loader, isStrict: isStrict)
    let used = own.indices.filter { own[$0] != nil && (reference == nil || reference?.scores[$0] != nil) }
    guard !used.isEmpty else { throw data.loader.nothingReadable(path) }

    var request = MeasureRequest(data: .labelled, task: nil, classes: data.classes)
    request.truth = .classes(used.map { data.labels[$0] })
    let answers = GuessedAnswers.measured(used.compactMap { own[$0] })
    let alone = try AccuracyMeasure.single(answers, request)
    guard let reference else { return Result(json: alone.modelJSON, text: EvaluationText.make(alone)) }
    let accuracy = try AccuracyMeasure.pair(
      float: GuessedAnswers.measured(used.compactMap { reference.scores[$0] }), compiled: answers, request)
    var object = JSONObject()
    if case .object(let own) = alone.modelJSON { object = own }
    object["agreement"] = .double(accuracy.agreement?.value ?? 0)
    object["comparison"] = accuracy.jsonWithCurves
    return Result(json: .object(object), text: EvaluationText.make(accuracy))
  }
}

extension WorkObserver {
  /// Says what there is to warn of; under --strict it ends the work.
  func warn(_ warning: String?, isStrict: Bool) throws(Diagnostic) {
    guard let warning else { return }
    if isStrict { throw .refused("\(warning) (leave out --strict to go on all the same)") }
    warn(warning)
  }

  /// Names the samples that could not be used and files that were not looked at; under --strict the first ends the work.
  func report(_ loader: SampleLoader, isStrict: Bool) throws(Diagnostic) {
    for warning in loader.data.warnings { try warn(warning, isStrict: isStrict) }
    for note in loader.data.notes { self.note(note) }
    for problem in loader.skipped {
      if isStrict { throw .refused("\(problem) (leave out --strict to skip it)") }
      warn("skipped \(problem)")
    }
  }
}
