import Answers
package import CanonicalJSON
import DataSets
import Metrics
import Reports
import Runtime
package import Tensors

/// What `dermc eval` does: scores on labelled data, and the metrics of one model or the comparison of two.
package struct Evaluation {
  private let model: LoadedModel
  private let other: LoadedModel?
  private let path: String
  private let settings: DataSettings
  private let answer: AnswerSettings
  private let threads: Int
  private let math: MathLibrary
  private let isStrict: Bool
  private let observer: any WorkObserver

  /// - Parameters:
  ///   - other: the model it is compared with, the float original
  ///   - path: the labelled data
  ///   - isStrict: whether to refuse what there is to warn of, such as samples that cannot be read
  package init(
    _ model: LoadedModel, against other: LoadedModel?, on path: String, settings: DataSettings, answer: AnswerSettings,
    threads: Int, math: MathLibrary, isStrict: Bool, observer: any WorkObserver
  ) {
    self.model = model
    self.other = other
    self.path = path
    self.settings = settings
    self.answer = answer
    self.threads = threads
    self.math = math
    self.isStrict = isStrict
    self.observer = observer
  }

  package struct Result {
    package let json: JSON
    package let text: String
    package let predictions: PredictionTable
  }

  /// A model, and its outputs on the data; nil where a sample could not be read.
  private struct Evaluated {
    var decision: DecisionOutput
    let data: LabelledData
    let outputs: [[Float]?]
    var evidence: Suspicions.Evidence
    var warnings: [String]
  }

  package func run() throws(Refusal) -> Result {
    // A model without preprocessing of its own is fed as the other one is.
    let stored = model.preprocessing ?? other?.preprocessing
    let names = settings.labels ?? model.labels ?? other?.labels
    var own = try evaluated(model, stored, names, like: nil)
    var reference = try other.map { other throws(Refusal) in
      try evaluated(other, other.preprocessing ?? stored, names, like: own.decision.meaning)
    }
    let data = own.data
    try observer.report(data.loader, isStrict: isStrict)
    own.warnings += data.loader.data.warnings
    let used = own.outputs.indices.filter {
      own.outputs[$0] != nil && (reference == nil || reference?.outputs[$0] != nil)
    }
    guard !used.isEmpty else { throw data.loader.nothingReadable(path) }

    let outputs = used.compactMap { own.outputs[$0] }
    try own.decision.chooseThreshold(answer, on: outputs, data, used: used)
    if answer.choosesThreshold { reference?.decision.meaning.thresholds = own.decision.meaning.thresholds }
    let request = try own.decision.request(data, used: used, answer)
    let answers = own.decision.measured(outputs)
    let alone = try AccuracyMeasure.single(answers, request)
    own.evidence.add(own.decision, runs: outputs, accuracy: alone, classes: data.classes)
    let suspicions = Suspicions.all(own.evidence)
    for suspicion in suspicions { try observer.warn(suspicion, isStrict: isStrict) }
    var object = JSONObject()
    if case .object(let members) = alone.modelJSON { object = members }
    object["answer"] = own.decision.summary(labels: data.classes).json
    object["data"] = data.loader.summary.json
    object["warnings"] = .strings(own.warnings + (reference?.warnings ?? []) + suspicions)
    observer.notePeak()
    let heading = "answer  \(own.decision.description(labels: data.classes))\n\n"
    guard let reference else {
      return Result(
        json: .object(object), text: heading + EvaluationText.make(alone),
        predictions: PredictionTable(data, used: used, float: nil, compiled: (own.decision, outputs)))
    }
    let referenceOutputs = used.compactMap { reference.outputs[$0] }
    let accuracy = try AccuracyMeasure.pair(
      float: reference.decision.measured(referenceOutputs), compiled: answers, request)
    object["agreement"] = .double(accuracy.agreement?.value ?? 0)
    object["comparison"] = accuracy.jsonWithCurves
    return Result(
      json: .object(object), text: heading + EvaluationText.make(accuracy),
      predictions: PredictionTable(
        data, used: used, float: (reference.decision, referenceOutputs), compiled: (own.decision, outputs)))
  }

  private func evaluated(
    _ model: LoadedModel, _ preprocessing: JSON?, _ names: [String]?, like: OutputMeaning?
  ) throws(Refusal) -> Evaluated {
    var decision = try DecisionOutput(model, answer, labels: names, like: like)
    let binding = try DataBinding(
      model, settings: settings, preprocessing: preprocessing, labels: names, decision: decision)
    let data = try binding.labelled(at: path)
    try decision.name(data.classes)
    let warnings = [decision.warning, binding.overrideWarning, binding.assumption(for: [data.loader])]
      .compactMap(\.self)
    for warning in warnings { try observer.warn(warning, isStrict: isStrict) }
    let samples = Array(0..<data.loader.count)
    let evidence = try Suspicions.Evidence(
      model, binding.preprocessing(for: [data.loader]), data.loader, samples: samples, threads: threads)
    let plan = try Preparation.plan(Preparation.executable(model), on: math, fusesRows: true)
    observer.note(plan, threads: threads)
    observer.begin("Evaluating", count: data.loader.count)
    defer { observer.end() }
    let outputs = Inference.run(
      plan, on: data.loader, samples: samples, threads: threads, output: decision.position
    ) { observer.advance() }
    return Evaluated(decision: decision, data: data, outputs: outputs, evidence: evidence, warnings: warnings)
  }
}
