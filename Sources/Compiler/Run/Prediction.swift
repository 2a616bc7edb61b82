import Answers
import Bundles
import DataSets
import Explanations
import IR
import Runtime
package import Tensors

/// What `dermc run` does: runs a model on some samples.
package struct Prediction {
  let model: LoadedModel
  private let path: String
  private let settings: DataSettings
  private let answer: AnswerSettings
  private let threads: Int
  let math: MathLibrary
  private let isStrict: Bool
  private let explanation: ExplanationRequest?
  let observer: any WorkObserver

  /// - Parameters:
  ///   - path: an image, a tensor, or a folder of them
  ///   - isStrict: whether to refuse what there is to warn of, such as samples that cannot be read
  ///   - explanation: how to show where the model looks, and where to write that; nil for not at all
  package init(
    _ model: LoadedModel, on path: String, settings: DataSettings, answer: AnswerSettings, threads: Int,
    math: MathLibrary, isStrict: Bool, explanation: ExplanationRequest? = nil, observer: any WorkObserver
  ) {
    self.model = model
    self.path = path
    self.settings = settings
    self.answer = answer
    self.threads = threads
    self.math = math
    self.isStrict = isStrict
    self.explanation = explanation
    self.observer = observer
  }

  package func run() throws(Refusal) -> Predictions {
    guard !answer.choosesThreshold else {
      throw .usage("--threshold youden is chosen on labelled data, by compile and eval: give --threshold 0.3, say")
    }
    let names = settings.labels ?? model.labels
    var decision = try DecisionOutput(model, answer, labels: names)
    try decision.nameByNumber()
    try observer.warn(decision.warning, isStrict: isStrict)
    let binding = try DataBinding(model, settings: settings, decision: decision)
    try observer.warn(binding.overrideWarning, isStrict: isStrict)
    let (uncertainty, doubt) = try model.uncertainty(
      for: decision.meaning, overridesPreprocessing: binding.overrideWarning != nil)
    try observer.warn(doubt, isStrict: isStrict)
    var graph = try Preparation.executable(model)
    let loader = try binding.unlabelled(at: path, takesNonFinite: takesNonFinite(graph))
    try observer.warn(binding.assumption(for: [loader]), isStrict: isStrict)
    observer.note("answer: \(decision.description(labels: binding.labels))")
    let probe = try model.probe(uncertainty, in: &graph)
    let (runs, maps) = try results(graph, probe, decision, binding, loader)
    // What ends the work names the sample itself, so there is no need for a warning before.
    guard runs.contains(where: { $0 != nil }) else {
      throw loader.count == 1
        ? Refusal(loader.skipped.first ?? "\(path): could not be used") : loader.nothingReadable(path)
    }
    try observer.report(loader, isStrict: isStrict)
    for sample in loader.nonFiniteSamples {
      observer.warn("\(sample.path): holds NaN or infinity, which the model is given as it is")
    }
    observer.notePeak()
    let explanations = try explanation.map { (request) throws(Refusal) in
      try explained(request, maps, decision, binding, loader)
    }
    let read = decision
    let rows = zip(loader.samples, runs).flatMap { sample, run in
      let batch = read.rows.batch
      return (run.map { read.rows.rows($0.values) } ?? []).enumerated().map { index, values in
        let answer = read.meaning.answer(values)
        return Predictions.Row(
          name: batch == 1 ? sample.name : "\(sample.name)[\(sample.index * batch + index)]", values: values,
          answer: answer,
          certainty: uncertainty?.certainty(values, answer, read.meaning, distance: run?.distance))
      }
    }
    return Predictions(
      rows: rows, decision: decision, shape: decision.rows.shape(runs: runs.count { $0 != nil }),
      labels: binding.labels, explanations: explanations ?? [])
  }

  /// What the model gives for a sample, and how far that is from those fitted on.
  private struct Run {
    let values: [Float]
    let distance: Float?
  }

  /// What the model gives for each sample, with a map where that is asked for.
  private func results(
    _ graph: Graph, _ probe: DistanceProbe?, _ decision: DecisionOutput, _ binding: DataBinding, _ loader: SampleLoader
  ) throws(Refusal) -> ([Run?], [Explainer.Result?]) {
    if let explanation {
      let explainer = try explainer(explanation, graph, probe, decision, binding)
      if let first = loader.samples.first { _ = try explanation.file(first.name, samples: loader.count) }
      observer.begin("Explaining", count: loader.count)
      let results = try explainer.run(loader, threads: threads) { observer.advance() }
      observer.end()
      return (results.map { $0.map { Run(values: $0.values, distance: $0.distance) } }, results)
    }
    let plan = try Preparation.plan(graph, on: math, fusesRows: true)
    observer.note(plan, threads: threads)
    observer.begin("Running", count: loader.count)
    let position = decision.position
    let runs = Inference.run(
      plan, on: loader, samples: Array(0..<loader.count), threads: threads,
      progress: { [observer] in observer.advance() }, lane: {},
      take: { executor, _, _ in
        Run(values: executor.floats(ofOutput: position), distance: probe?.distance(executor))
      })
    observer.end()
    return (runs, [])
  }

  /// Whether tensors may hold NaN and infinities: where nothing is decided by what comes of them, and all of the model
  /// is computed in float.
  private func takesNonFinite(_ graph: Graph) -> Bool {
    answer.task == OutputMeaning.Task.none && !isStrict
      && !graph.valueIDs.contains { graph.type(of: $0).quantization != nil }
  }
}
