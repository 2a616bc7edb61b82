import Answers
import Bundles
import CanonicalJSON
import DataSets
import Hashing
import IR
import Images
import Metrics
import Passes
import Quantization
package import Reports
import Runtime
package import Tensors

/// What to compile, with which data, to where.
package struct CompilationRequest: Sendable {
  package var model: String
  package var recipe: Recipe
  package var settings: DataSettings
  package var answer = AnswerSettings()
  package var calibrationPath: String?
  /// Second moments of the calibration samples, where these were counted before.
  package var momentsPath: String?
  /// The table of the calibration data, where they have one of their own.
  package var calibrationTable: String?
  package var evaluationPath: String?
  /// How sure answers are to be taken; nil where nothing is fitted.
  package var uncertainty: UncertaintySettings?
  package var output: String
  package var threads: Int
  /// Refuse what there is to warn of: samples that cannot be read, a layer unlike the float model's.
  package var isStrict = false
  /// Whether the report tells if both models look at the same places of labelled images.
  package var comparesExplanations = false
  /// Whether pages show small pictures of samples.
  package var showsThumbnails = false
  /// Whether the report tells what both models say of each labelled sample.
  package var reportsPredictions = false
  /// Whether both models are timed.
  package var measuresLatency = false
  /// Whether what answers cost is told with its interval.
  var estimatesCost = false

  package init(model: String, recipe: Recipe, settings: DataSettings, output: String, threads: Int) {
    self.model = model
    self.recipe = recipe
    self.settings = settings
    self.output = output
    self.threads = threads
  }
}

/// What a compilation made: the bundle, written aside until it is committed, and what there is to say about it.
package struct CompiledModel: Sendable {
  package let report: Report
  /// What pages show beside the report.
  package let illustrations: ReportIllustrations
  /// What both models say of each labelled sample; nil where none were given.
  package let predictions: PredictionTable?
  package let bundle: StagedFile
  /// The mean of what its answers cost (`OutputCost`); nil where that was not asked for, or nothing was compared.
  let cost: Estimate?
}

/// From a float model to a bundle and its report: the main job, top to bottom.
package struct Compilation {
  let request: CompilationRequest
  let observer: any WorkObserver

  package init(_ request: CompilationRequest, observer: any WorkObserver) {
    self.request = request
    self.observer = observer
  }

  /// Compiles and measures. Nothing is left on disk unless the bundle is committed.
  package func run() throws(Refusal) -> CompiledModel {
    let source = try CompilationSource(request)
    return try Compilation(source.request, observer: observer).run(source)
  }

  /// The same, from a model and data that were read before, for other recipes too.
  func run(_ source: CompilationSource) throws(Refusal) -> CompiledModel {
    let recipe = request.recipe
    // Read.
    let model = source.model
    let read = try source.calibration(for: recipe)
    let calibration = read?.data
    let (evaluation, classes) = (source.evaluation, source.classes)
    var decision = source.decision
    let loaders = [calibration?.loader, evaluation?.loader, source.fitting?.loader].compactMap(\.self)
    let counts = source.counts
    let preprocessing = try source.data.preprocessing(for: loaders, hasImages: counts?.isAssumed ?? false)
    let assumption = source.data.assumption(for: loaders, hasImages: counts?.isAssumed ?? false)
    var evidence =
      if let read {
        read.evidence
      } else if let loader = evaluation?.loader {
        try source.evidence(loader, samples: Array(loader.samples.indices))
      } else {
        Suspicions.Evidence()
      }

    // Rewrite.
    let network = try source.network(for: recipe) { (graph) throws(Refusal) in
      let pruning = Pruning(recipe: recipe, threads: request.threads, observer: observer)
      return try pruning.run(&graph) { (graph) throws(Refusal) in try statistics(graph, calibration, decision) }
    }
    let (graph, floatPlan) = (network.graph, network.plan)
    let original = source.original
    var log = model.takenOver?.log ?? PassLog()
    log.append(source.log)
    log.append(network.pruned.log)

    // Quantize, or only fuse.
    var decisions = LayerDecision.takenOver(graph, model.takenOver)
    let compiled: Graph
    func draft(_ graph: Graph, _ plan: Plan) throws(Refusal) -> Bundle {
      var bundle = Bundle(kind: .compiled, graph: graph)
      bundle.preprocessing = preprocessing?.json
      bundle.labels = classes
      bundle.answer = decision.meaning.json
      bundle.selfTest = try selfTest(of: graph, plan)
      bundle.provenance = Provenance.json(source: model, hash: source.hash, recipe: recipe)
      return bundle
    }
    var int8: Int8Stage.Outcome?
    if recipe.int8, let calibration {
      let records =
        Compilation.recordBytes(classes: evaluation == nil ? nil : decision.meaning.classCount)
        + (request.uncertainty == nil ? 0 : Compilation.uncertaintyBytes(classes: decision.meaning.classCount))
        + source.featureChannels * Compilation.channelBytes
      let stage = Int8Stage(
        float: network, recipe: recipe, decision: decision, calibration: calibration,
        threads: request.threads, observer: observer, sourceBytes: model.fileBytes,
        bundleSize: { (graph) throws(Refusal) in
          let bundle = try draft(graph, Preparation.plan(graph))
          return try BundleWriter.size(bundle, compression: recipe.store.compression) + records
        },
        check: { (observations) throws(Refusal) in try check(observations, graph, calibration) })
      let outcome = try refusing { () throws(Refusal) in try stage.run() }
      compiled = outcome.model.graph
      decisions = decisions.filter { $0.precision != .float32 } + outcome.model.decisions
      if let channels = outcome.channels, channels.isTaken { log.append(channels.log) }
      int8 = outcome
    } else if recipe.int8, let counts {
      let outcome = try refusing { () throws(Refusal) in
        try counts.quantized(network, recipe, threads: request.threads)
      }
      compiled = outcome.model.graph
      decisions = decisions.filter { $0.precision != .float32 } + outcome.model.decisions
      int8 = outcome
    } else {
      let (fused, more) = try Preparation.fused(graph)
      compiled = fused
      log.append(more)
    }

    // Compare with the original.
    var comparison = FloatComparison(threads: request.threads, observer: observer, answers: source.answers)
    let reference =
      recipe.isPruning || model.takenOver != nil ? try Preparation.plan(original) : floatPlan
    let layered =
      calibration.map { (loader: $0.loader, samples: $0.comparable.samples) }
      ?? (counts == nil ? nil : evaluation?.loader).map { loader in
        let most = FloatComparison.layerSamples
        return (loader, SampleSelection.spread(Array(loader.samples.indices), atMost: most))
      }
    if let layered {
      // Layers are compared by the names of their outputs, so functions must be fused in both graphs or in neither.
      if recipe.int8 {
        let channels = int8?.channels
        comparison.measureLayers(
          (reference, try Preparation.plan(compiled)), original, compiled,
          factors: channels.map { $0.isTaken ? $0.factors : [:] } ?? [:], layered.loader, layered.samples)
      } else {
        let fused = try Preparation.fused(original).graph
        let plans = (float: try Preparation.plan(fused), compiled: try Preparation.plan(compiled))
        comparison.measureLayers(plans, fused, compiled, factors: [:], layered.loader, layered.samples)
      }
    }
    let compiledPlan = try Preparation.plan(compiled, fusesRows: true)
    let outcome = try comparison.outcome(
      (reference, compiledPlan), &decision, request.answer, evaluation: evaluation, calibration: calibration)
    let accuracy = outcome?.accuracy
    let fit = try uncertainty(source, comparison, (reference, compiledPlan), (original, compiled), decision)
    let distances =
      try fit.map { (fit) throws(Refusal) in
        try fit.distances(evaluation, outcome, threads: request.threads, observer)
      } ?? (float: nil, compiled: nil)
    for loader in loaders { try observer.reportSkipped(loader, isStrict: request.isStrict) }

    // Write.
    var bundle = try draft(compiled, compiledPlan)
    let tally = calibration.map { Tally($0) } ?? counts.map { Tally($0) }
    bundle.calibration = tally.map { calibrationRecord($0, int8) }
    bundle.evaluation = accuracy?.record
    if let fit { bundle.explanation = ["uncertainty": fit.compiled.uncertainty.json] }
    let (staged, file) = try stage(bundle)

    // Report.
    var report = ReportMaker(
      model: model, source: source.hash, recipe: recipe, compiled: compiled, memory: compiledPlan.memory,
      log: log, decisions: decisions, layerErrors: comparison.layerErrors, accuracy: accuracy, bundle: file,
      calibration: tally.map { calibrationSummary($0, int8) }
    ).report()
    report.channels = network.pruned.channels
    report.pruning = network.pruned.weights
    report.answer = decision.summary(labels: classes)
    report.preprocessing = preprocessing?.json ?? .null
    report.calibrationData = calibration?.loader.summary ?? counts?.summary
    report.evaluationData = evaluation?.loader.summary
    if request.reportsPredictions, accuracy?.compiled != nil, let evaluation, let outcome {
      report.predictions = outcome.predictions?.samples(of: evaluation.samples, used: outcome.used)
      report.predictions?.certainty = fit?.compiled.uncertainty.told(
        decision, runs: outcome.compiled, distances: distances.compiled)
    }
    report.warnings += [assumption, source.data.overrideWarning, decision.warning].compactMap(\.self)
    report.warnings += loaders.flatMap(\.data.warnings)
    evidence.layers = report.layers
    if let outcome {
      let isLabelled = evaluation != nil
      evidence.add(decision, runs: outcome.float, accuracy: isLabelled ? accuracy : nil, classes: classes ?? [])
    }
    report.warnings += Suspicions.all(evidence)
    report.warnings += TargetWarnings.size(report, int8?.steps) + TargetWarnings.answers(report)
    if let calibration, let evaluation, let overlap = calibration.overlap(with: evaluation.loader) {
      report.warnings.append(overlap)
    }
    if let counts, let evaluation, let overlap = counts.overlap(with: evaluation.loader) {
      report.warnings.append(overlap)
    }
    if let fit {
      report.uncertainty = try fit.report(decision, evaluation, outcome, distances)
      report.warnings += fit.warnings
    }
    let looks = try fidelity(original, compiled, source.data, decision, evaluation, outcome)
    report.explanations = looks?.report
    report.warnings += looks?.warnings ?? []
    note(log, decisions)
    observer.note(compiledPlan, threads: request.threads)
    observer.notePeak()
    if request.isStrict { try refuse(report.warnings) }
    var illustrations = ReportIllustrations(assumption: assumption)
    if let table = outcome?.predictions, let evaluation {
      let samples = outcome?.used.map { evaluation.loader.samples[$0] }
      illustrations.changed = ChangedImages(
        table, meaning: decision.meaning, samples: request.showsThumbnails ? samples : nil)
    }
    illustrations.maps = looks?.pictures ?? []
    if request.measuresLatency {
      let float = try Preparation.plan(Preparation.fused(original).graph, fusesRows: true)
      illustrations.latency = Latency(float: float, compiled: compiledPlan)
    }
    let cost = request.estimatesCost ? outcome?.cost(decision, groups: evaluation?.groups) : nil
    return CompiledModel(
      report: report, illustrations: illustrations, predictions: outcome?.predictions, bundle: staged, cost: cost)
  }

  // MARK: Data

  /// What calibration samples tell of the layers of a graph that is to be pruned by it; nil where there are none.
  private func statistics(
    _ graph: Graph, _ calibration: CalibrationData?, _ decision: DecisionOutput
  ) throws(Refusal) -> LayerStatistics? {
    guard request.recipe.pruneMethod == .obs, let calibration else { return nil }
    return try refusing { () throws(Refusal) in
      try LayerStatistics(
        graph, decision, calibration, seed: request.recipe.seed, threads: request.threads, observer: observer
      ) { (observations) throws(Refusal) in try check(observations, graph, calibration) }
    }
  }

  private func check(
    _ observations: [ValueID: Observation], _ graph: Graph, _ data: CalibrationData
  ) throws(Refusal) {
    guard data.loader.problems.count < data.calibration.count else {
      throw data.loader.nothingReadable(request.calibrationPath ?? "")
    }
    if request.isStrict { try observer.report(data.loader, isStrict: true) }
    try ObservedValues.check(observations, of: graph, file: request.model)
  }

  /// How many samples ranges were taken from, and which could not be used.
  private struct Tally {
    let samples: Int
    let heldBack: Int
    let skipped: [Report.SkippedFile]
    /// The parts they were counted in; nil where they were looked at here.
    let parts: Int?
    /// The parts that second moments were gathered in, where these come from a file.
    let momentParts: Int?
    /// The sites they were counted at, where these have names.
    let sites: [String]

    init(_ data: CalibrationData) {
      samples = data.usedForCalibration
      heldBack = data.heldBack.count
      skipped = data.loader.problems.map { Report.SkippedFile(file: $0.sample.name, reason: $0.reason) }
      (parts, momentParts, sites) = (nil, nil, [])
    }

    init(_ counts: CountedCalibration) {
      samples = counts.samples
      heldBack = 0
      skipped = counts.skipped
      (parts, momentParts, sites) = (counts.shards, counts.momentShards, counts.sites)
    }
  }

  private func calibrationRecord(_ data: Tally, _ int8: Int8Stage.Outcome?) -> JSON {
    .object([
      "samples": .int(data.samples), "held_back": .int(data.heldBack),
      "range": .string(estimator(int8).rawValue), "seed": .int(Int(truncatingIfNeeded: request.recipe.seed)),
    ])
  }

  private func calibrationSummary(_ data: Tally, _ int8: Int8Stage.Outcome?) -> Report.CalibrationSummary {
    var summary = Report.CalibrationSummary(
      samples: data.samples, heldBack: data.heldBack, skipped: data.skipped,
      estimator: estimator(int8).rawValue, seed: Int(truncatingIfNeeded: request.recipe.seed))
    summary.parts = data.parts
    summary.momentParts = data.momentParts
    summary.sites = data.sites
    summary.search = int8?.ranges.summary
    if let channels = int8?.channels {
      summary.equalizedLayers = channels.isTaken ? channels.log.appliedCount : 0
      summary.channelSearch = channels.summary
    }
    if let weights = int8?.weights {
      summary.rounding = weights.candidate.rounding.rawValue
      summary.biases = weights.candidate.biases.rawValue
      summary.weightSearch = weights.summary
    }
    if let steps = int8?.steps {
      summary.rounding = WeightRounding.Method.compensated.rawValue
      summary.biases = (steps.walks ? BiasMethod.network : .weights).rawValue
      summary.steps = steps.summary
    }
    summary.precision = int8?.precision
    return summary
  }

  private func estimator(_ int8: Int8Stage.Outcome?) -> RangeEstimator {
    int8?.ranges.estimator ?? request.recipe.estimator ?? RangeSearch.estimators[0]
  }

  /// Room in a bundle for the records of calibration and accuracy, which are not known when its steps are searched.
  ///
  /// - Parameter classes: of labelled data accuracy is measured on; nil where there are none
  private static func recordBytes(classes: Int?) -> Int {
    guard let classes else { return 256 }
    // Of many classes there are only the names.
    return 512 + (classes <= AccuracyReport.manyClasses ? 176 : 16) * classes
  }

  /// The same for what is fitted of how sure answers are.
  private static func uncertaintyBytes(classes: Int) -> Int { 384 + 24 * classes }

  /// The same for each channel that distances are measured by: a mean and some axes.
  private static let channelBytes = 14

  // MARK: Output

  /// What --strict does with warnings.
  private func refuse(_ warnings: [String]) throws(Refusal) {
    guard !warnings.isEmpty else { return }
    throw Refusal(
      file: request.model, reason: "\(warnings.joined(separator: "; ")) (leave out --strict to compile all the same)")
  }

  private func selfTest(of graph: Graph, _ plan: Plan) throws(Refusal) -> SelfTest {
    let inputs = graph.inputs.map { SelfTestInput.tensor(graph.type(of: $0)) }
    return SelfTest(inputs: inputs, outputs: Preparation.outputs(plan, inputs: inputs))
  }

  private func stage(_ bundle: Bundle) throws(Refusal) -> (StagedFile, Report.BundleFile) {
    let (staged, sections) = try BundleWriter.stage(
      bundle, for: request.output, compression: request.recipe.store.compression)
    let file = try BundleReader.open(staged.aside)
    let described = Report.BundleFile(
      path: request.output, bytes: file.size, sha256: file.sha256().hex,
      sections: sections.map {
        Report.SectionSize(name: $0.name, codec: $0.codec, rawBytes: $0.rawBytes, storedBytes: $0.storedBytes)
      })
    return (staged, described)
  }

  /// What --verbose shows: the passes, and the layers that stay float with their reasons.
  private func note(_ log: PassLog, _ decisions: [LayerDecision]) {
    for line in log.description.split(separator: "\n") { observer.note(String(line)) }
    for decision in decisions where decision.precision == .float32 {
      observer.note("stays float32: \(decision.node) (\(decision.op)): \(decision.reason)")
    }
    for decision in decisions where decision.raisedScales > 0 {
      let channels = Figures.count(decision.raisedScales, "nearly dead channel")
      observer.note("\(decision.node) (\(decision.op)): \(channels) got a larger scale so that the bias fits int32")
    }
  }

  private func refusing<Result>(_ body: () throws(Refusal) -> Result) throws(Refusal) -> Result {
    do throws(Refusal) { return try body() } catch { throw error.file == nil ? error.of(file: request.model) : error }
  }
}
