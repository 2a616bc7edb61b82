import Answers
package import CanonicalJSON
import DataSets
import Explanations
import Metrics
import Reports
import Runtime
package import Tensors

/// What `dermc eval` does: scores on labelled data, and the metrics of one model or the comparison of two.
///
/// Scores may be made in parts (`part`), and be measured once they were put together.
package struct Evaluation {
  let model: LoadedModel
  let other: LoadedModel?
  let path: String
  let settings: DataSettings
  let answer: AnswerSettings
  let threads: Int
  let math: MathLibrary
  let isStrict: Bool
  let comparesExplanations: Bool
  let observer: any WorkObserver
  /// Whose the samples are, where several sites score, each its own.
  package var site: String?
  /// Whether scores leave out whatever tells of files and patients: names, and hashes of contents.
  package var isAnonymous = false
  /// With fewer samples no scores are written.
  package var fewestSamples = 0
  /// Whether samples are left out that how sure answers are was fitted on.
  package var isHeldOut = false

  /// - Parameters:
  ///   - other: the model it is compared with, the float original
  ///   - path: the labelled data, or what was scored of them before
  ///   - isStrict: whether to refuse what there is to warn of, such as samples that cannot be read
  ///   - comparesExplanations: whether to tell if both models look at the same places
  package init(
    _ model: LoadedModel, against other: LoadedModel?, on path: String, settings: DataSettings, answer: AnswerSettings,
    threads: Int, math: MathLibrary, isStrict: Bool, comparesExplanations: Bool = false, observer: any WorkObserver
  ) {
    self.model = model
    self.other = other
    self.path = path
    self.settings = settings
    self.answer = answer
    self.threads = threads
    self.math = math
    self.isStrict = isStrict
    self.comparesExplanations = comparesExplanations
    self.observer = observer
  }

  package struct Result {
    package let json: JSON
    package let text: String
    package let predictions: PredictionTable
  }

  /// What one model, or two, put out for the same samples.
  struct Scored {
    /// A model, and its outputs; nil where a sample could not be read.
    struct Model {
      var decision: DecisionOutput
      let outputs: [[Float]?]
      /// How far each sample is from those fitted on; nil where the bundle tells nothing of it.
      var distances: [Float?]?
      let warnings: [String]
    }

    let samples: LabelledSamples
    var model: Model
    var other: Model?
    /// What both models read samples by; nil where they were scored before.
    var sources: (own: Evaluated, reference: Evaluated)?
    /// Which files were read.
    let data: Report.DataSummary?
    var evidence: Suspicions.Evidence
    /// Whether options prepare images in another way than the model says.
    let overridesPreprocessing: Bool
    /// What there is to warn of in the data.
    let dataWarnings: [String]
    /// Samples that both models have read.
    var used: [Int] {
      model.outputs.indices.filter { model.outputs[$0] != nil && (other == nil || other?.outputs[$0] != nil) }
    }
  }

  package func run() throws(Refusal) -> Result {
    try measure(EvaluationPart.recognizes(path) ? read() : score())
  }

  private func measure(_ scored: Scored) throws(Refusal) -> Result {
    var (own, reference, evidence) = (scored.model, scored.other, scored.evidence)
    let (samples, used) = (scored.samples, scored.used)
    let outputs = used.compactMap { own.outputs[$0] }
    try own.decision.chooseThreshold(answer, on: outputs, samples, used: used)
    if answer.choosesThreshold { reference?.decision.meaning.thresholds = own.decision.meaning.thresholds }
    let request = try own.decision.request(samples, used: used, answer)
    let answers = own.decision.measured(outputs)
    let alone = try AccuracyMeasure.single(answers, request)
    evidence.add(own.decision, runs: outputs, accuracy: alone, classes: samples.classes)
    let suspicions = Suspicions.all(evidence)
    for suspicion in suspicions { try observer.warn(suspicion, isStrict: isStrict) }
    var object = JSONObject()
    if case .object(let members) = alone.modelJSON { object = members }
    object["answer"] = own.decision.summary(labels: samples.classes).json
    object["data"] = scored.data?.json ?? .null
    var warnings = own.warnings + scored.dataWarnings + (reference?.warnings ?? []) + suspicions
    let (certainty, doubts) = try certainty(scored, own.decision, outputs: outputs)
    for doubt in doubts { try observer.warn(doubt, isStrict: isStrict) }
    if let certainty { object["uncertainty"] = certainty.json }
    warnings += doubts
    object["warnings"] = .strings(warnings)
    observer.notePeak()
    let heading = "answer  \(own.decision.description(labels: samples.classes))\n\n"
    let ending = certainty.map { UncertaintyText.block($0) } ?? ""
    guard let reference else {
      return Result(
        json: .object(object), text: heading + EvaluationText.make(alone) + ending,
        predictions: PredictionTable(samples, used: used, float: nil, compiled: (own.decision, outputs)))
    }
    let referenceOutputs = used.compactMap { reference.outputs[$0] }
    let accuracy = try AccuracyMeasure.pair(
      float: reference.decision.measured(referenceOutputs), compiled: answers, request)
    var decided = scored
    (decided.model, decided.other) = (own, reference)
    let looks = try fidelity(decided)
    if let looks {
      object["explanations"] = looks.report?.json ?? .null
      warnings += looks.warnings
      object["warnings"] = .strings(warnings)
    }
    object["agreement"] = .double(accuracy.agreement?.value ?? 0)
    object["comparison"] = accuracy.jsonWithCurves
    return Result(
      json: .object(object),
      text: heading + EvaluationText.make(accuracy) + (looks?.report.map { "\n" + $0.text } ?? "") + ending,
      predictions: PredictionTable(
        samples, used: used, float: (reference.decision, referenceOutputs), compiled: (own.decision, outputs)))
  }

  // MARK: Scoring

  /// A model's outputs for some samples, and what they were made of.
  struct Evaluated {
    let scored: Scored.Model
    let binding: DataBinding
    let data: LabelledData
    let evidence: Suspicions.Evidence
  }

  /// The names of classes where they are known before the data are looked at.
  var names: [String]? { settings.labels ?? model.labels ?? other?.labels }

  /// Runs both models on a shard of the samples.
  func evaluated(_ shard: Shard) throws(Refusal) -> (own: Evaluated, reference: Evaluated?) {
    // A model without preprocessing of its own is fed as the other one is.
    let stored = model.preprocessing ?? other?.preprocessing
    let own = try evaluated(model, stored, names, like: nil, shard)
    let reference = try other.map { other throws(Refusal) in
      try evaluated(other, other.preprocessing ?? stored, names, like: own.scored.decision.meaning, shard)
    }
    return (own, reference)
  }

  private func score() throws(Refusal) -> Scored {
    let (own, reference) = try evaluated(.whole)
    let loader = own.data.loader
    try observer.report(loader, isStrict: isStrict)
    let undivided = try undivided(own.data)
    try observer.warn(undivided, isStrict: isStrict)
    var scored = Scored(
      samples: own.data.samples, model: own.scored, other: reference?.scored, data: loader.summary,
      evidence: own.evidence, overridesPreprocessing: own.binding.overrideWarning != nil,
      dataWarnings: loader.data.warnings + [undivided].compactMap(\.self))
    guard !scored.used.isEmpty else { throw loader.nothingReadable(path) }
    scored.sources = reference.map { (own, $0) }
    return scored
  }

  private func evaluated(
    _ model: LoadedModel, _ preprocessing: JSON?, _ names: [String]?, like: OutputMeaning?, _ shard: Shard
  ) throws(Refusal) -> Evaluated {
    var decision = try DecisionOutput(model, answer, labels: names, like: like)
    let binding = try DataBinding(
      model, settings: settings, preprocessing: preprocessing, labels: names, decision: decision)
    let labelled = try binding.labelled(at: path)
    let data = isHeldOut ? try heldOut(of: labelled, binding, warns: like == nil) : labelled
    try decision.name(data.classes)
    let warnings = [decision.warning, binding.overrideWarning, binding.assumption(for: [data.loader])]
      .compactMap(\.self)
    for warning in warnings { try observer.warn(warning, isStrict: isStrict) }
    let samples = Array(shard.positions(of: data.loader.count))
    // What it tells is of all samples: the first shard looks at some of them.
    let evidence =
      shard.index > 1
      ? Suspicions.Evidence()
      : try Suspicions.Evidence(
        model, binding.preprocessing(for: [data.loader]), data.loader, samples: Array(data.loader.samples.indices),
        threads: threads)
    var graph = try Preparation.executable(model)
    let probe = like == nil ? try model.probe(model.storedUncertainty()?.found, in: &graph) : nil
    let plan = try Preparation.plan(graph, on: math, fusesRows: true)
    observer.note(plan, threads: threads)
    observer.begin("Evaluating", count: samples.count)
    defer { observer.end() }
    let position = decision.position
    let runs = Inference.run(
      plan, on: data.loader, samples: samples, threads: threads, progress: { [observer] in observer.advance() },
      lane: {},
      take: { executor, _, _ in
        (output: executor.floats(ofOutput: position), distance: probe?.distance(executor))
      })
    return Evaluated(
      scored: Scored.Model(
        decision: decision, outputs: runs.map { $0?.output },
        distances: probe == nil ? nil : runs.map { $0?.distance }, warnings: warnings),
      binding: binding, data: data, evidence: evidence)
  }
}
