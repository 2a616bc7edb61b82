import Answers
import Bundles
import CanonicalJSON
import DataSets
import Hashing
import IR
import Images
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
  /// The table of the calibration data, where they have one of their own.
  package var calibrationTable: String?
  package var evaluationPath: String?
  package var output: String
  package var threads: Int
  /// Refuse what there is to warn of: samples that cannot be read, a layer unlike the float model's.
  package var isStrict = false
  /// Whether pages show small pictures of samples.
  package var showsThumbnails = false
  /// Whether both models are timed.
  package var measuresLatency = false

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
}

/// From a float model to a bundle and its report: the main job, top to bottom.
package struct Compilation {
  private let request: CompilationRequest
  private let observer: any WorkObserver

  package init(_ request: CompilationRequest, observer: any WorkObserver) {
    self.request = request
    self.observer = observer
  }

  /// Compiles and measures. Nothing is left on disk unless the bundle is committed.
  package func run() throws(Refusal) -> CompiledModel {
    let recipe = request.recipe
    // Read.
    let model = try LoadedModel(path: request.model, size: request.settings.freeSize)
    if model.bundle?.kind == .compiled {
      throw Refusal(file: model.path, reason: "is already compiled: give the float model it was made from")
    }
    try request.answer.checkMeasured(request.evaluationPath != nil)
    var decision = try DecisionOutput(
      model, request.answer, labels: request.settings.labels ?? model.labels)
    let data = try DataBinding(model, settings: request.settings, decision: decision)
    let calibration = try calibrationData(data, isQuantized: model.graph.isQuantized)
    let evaluation = try request.evaluationPath.map { path throws(Refusal) in try data.labelled(at: path) }
    let classes = evaluation?.classes ?? data.labels ?? request.calibrationPath.flatMap(data.folderNames)
    if let classes { try decision.name(classes) } else { try decision.nameByNumber() }
    let loaders = [calibration?.loader, evaluation?.loader].compactMap(\.self)
    let preprocessing = try data.preprocessing(for: loaders)
    let assumption = data.assumption(for: loaders)
    var evidence = Suspicions.Evidence()
    if let loader = loaders.first {
      let samples = calibration?.calibration ?? Array(loader.samples.indices)
      evidence = try Suspicions.Evidence(model, preprocessing, loader, samples: samples, threads: request.threads)
    }

    // Rewrite.
    let source = try model.sha256()
    var log = model.takenOver?.log ?? PassLog()
    var (graph, simplified) = try Preparation.simplified(model.graph)
    log.append(simplified)
    // The weights that matter now are copies with everything folded in.
    model.releasePages()
    let original = model.takenOver?.meaning ?? graph
    if recipe.pruneFraction > 0 {
      let scope: PruningScope = recipe.pruneScope == .global ? .global : .perLayer
      let pruning = PassGroup("pruning", [.pruneMagnitude(fraction: recipe.pruneFraction, scope: scope)])
      log.append(try Preparation.run([pruning], on: &graph))
    }

    // Quantize, or only fuse. One float plan serves calibration and comparison: plans hold a copy of all weights.
    let floatPlan = try Preparation.plan(graph)
    var decisions = LayerDecision.takenOver(graph, model.takenOver)
    let compiled: Graph
    var ranges = RangeSearch.Choice(estimator: recipe.estimator ?? RangeSearch.estimators[0])
    var weights: WeightSearch.Choice?
    if recipe.int8, let calibration {
      var options = Quantizer.Options()
      options.correctsBias = recipe.correctsBias
      options.keptFloat = try refusing { () throws(Refusal) in
        try KeptLayers.nodes(named: recipe.keptFloat, in: graph)
      }
      let halves = calibration.halves
      let ranging = observe(
        graph, floatPlan, calibration.loader, recipe.isSearched ? halves.ranging : calibration.calibration)
      var observations = ranging
      if recipe.isSearched {
        for (value, observation) in observe(graph, floatPlan, calibration.loader, halves.judging) {
          observations[value, default: Observation()].merge(observation)
        }
      }
      try check(observations, graph, calibration)
      let judge =
        recipe.isSearched
        ? OutputJudge(
          floatPlan, decision, calibration.loader, samples: halves.judging, threads: request.threads,
          observer: observer) : nil
      if recipe.estimator == nil {
        let quantizer = Quantizer(graph, observations: ranging, options: options)
        ranges = try refusing { () throws(Refusal) in
          try RangeSearch.run(quantizer, judge: judge, threads: request.threads)
        }
      }
      options.estimator = ranges.estimator
      let quantizer = Quantizer(graph, observations: observations, options: options)
      let search = WeightSearch(
        graph: graph, plan: floatPlan, loader: calibration.loader,
        samples: recipe.isSearched ? halves.ranging : calibration.calibration,
        observations: ranging, threads: request.threads, observer: observer)
      let choice = try refusing { () throws(Refusal) in
        let quantizations = quantizer.quantizations(by: ranges.estimator, threads: request.threads)
        return try search.run(quantizer, quantizations, recipe, judge: judge)
      }
      weights = choice
      let quantized = choice.model
      compiled = quantized.graph
      decisions = decisions.filter { $0.precision != .float32 } + quantized.decisions
    } else {
      let (fused, more) = try Preparation.fused(graph)
      compiled = fused
      log.append(more)
    }

    // Compare with the original.
    var comparison = FloatComparison(threads: request.threads, observer: observer)
    let reference =
      recipe.pruneFraction > 0 || model.takenOver != nil ? try Preparation.plan(original) : floatPlan
    if let calibration {
      // Layers are compared by the names of their outputs, so functions must be fused in both graphs or in neither.
      if recipe.int8 {
        comparison.measureLayers((reference, try Preparation.plan(compiled)), original, compiled, calibration)
      } else {
        let fused = try Preparation.fused(original).graph
        let plans = (float: try Preparation.plan(fused), compiled: try Preparation.plan(compiled))
        comparison.measureLayers(plans, fused, compiled, calibration)
      }
    }
    let compiledPlan = try Preparation.plan(compiled, fusesRows: true)
    let outcome = try comparison.outcome(
      (reference, compiledPlan), &decision, request.answer, evaluation: evaluation, calibration: calibration)
    let accuracy = outcome?.accuracy
    for loader in loaders { try observer.reportSkipped(loader, isStrict: request.isStrict) }

    // Write.
    var bundle = Bundle(kind: .compiled, graph: compiled)
    bundle.preprocessing = preprocessing?.json
    bundle.labels = classes
    bundle.answer = decision.meaning.json
    bundle.calibration = calibration.map { calibrationRecord($0, ranges) }
    bundle.evaluation = accuracy?.json
    bundle.selfTest = try selfTest(of: compiled, compiledPlan)
    bundle.provenance = Provenance.json(source: model, hash: source, recipe: recipe)
    let (staged, file) = try stage(bundle)

    // Report.
    var report = ReportMaker(
      model: model, source: source, recipe: recipe, compiled: compiled, memory: compiledPlan.memory,
      log: log, decisions: decisions, layerErrors: comparison.layerErrors, accuracy: accuracy, bundle: file,
      calibration: calibration.map { calibrationSummary($0, ranges, weights) }
    ).report()
    report.answer = decision.summary(labels: classes)
    report.preprocessing = preprocessing?.json ?? .null
    report.calibrationData = calibration?.loader.summary
    report.evaluationData = evaluation?.loader.summary
    report.warnings += [assumption, data.overrideWarning, decision.warning].compactMap(\.self)
    report.warnings += loaders.flatMap(\.data.warnings)
    evidence.layers = report.layers
    if let outcome {
      let isLabelled = evaluation != nil
      evidence.add(decision, runs: outcome.float, accuracy: isLabelled ? accuracy : nil, classes: classes ?? [])
    }
    report.warnings += Suspicions.all(evidence)
    if let calibration, let evaluation, let overlap = calibration.overlap(with: evaluation.loader) {
      report.warnings.append(overlap)
    }
    note(log, decisions)
    observer.note(compiledPlan, threads: request.threads)
    observer.notePeak()
    if request.isStrict { try refuse(report.warnings) }
    var illustrations = ReportIllustrations(assumption: assumption)
    if let table = outcome?.predictions, let evaluation {
      let paths = outcome?.used.map { evaluation.loader.samples[$0].path }
      illustrations.changed = ChangedImages(
        table, meaning: decision.meaning, paths: request.showsThumbnails ? paths : nil)
    }
    if request.measuresLatency {
      let float = try Preparation.plan(Preparation.fused(original).graph, fusesRows: true)
      illustrations.latency = Latency(float: float, compiled: compiledPlan)
    }
    return CompiledModel(
      report: report, illustrations: illustrations, predictions: outcome?.predictions, bundle: staged)
  }

  // MARK: Data

  /// A model that quantizes itself needs none: what it leaves in float then stays so.
  private func calibrationData(_ data: DataBinding, isQuantized: Bool) throws(Refusal) -> CalibrationData? {
    guard let path = request.calibrationPath else {
      guard !request.recipe.int8 || isQuantized else {
        throw .usage("--int8 needs --calib DIR: images or tensors like those the model will see")
      }
      return nil
    }
    let loader = try data.unlabelled(at: path, table: request.calibrationTable)
    return CalibrationData(loader, recipe: request.recipe, holdsBack: request.evaluationPath == nil)
  }

  private func observe(
    _ graph: Graph, _ plan: Plan, _ loader: SampleLoader, _ samples: [Int]
  ) -> [ValueID: Observation] {
    observer.begin("Calibrating", count: samples.count)
    defer { observer.end() }
    let calibrator = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph))
    return calibrator.run(loader, samples: samples, threads: request.threads) { _ in observer.advance() }
  }

  private func check(
    _ observations: [ValueID: Observation], _ graph: Graph, _ data: CalibrationData
  ) throws(Refusal) {
    guard data.loader.problems.count < data.calibration.count else {
      throw data.loader.nothingReadable(request.calibrationPath ?? "")
    }
    if request.isStrict { try observer.report(data.loader, isStrict: true) }
    for (value, observation) in observations.sorted(by: { $0.key < $1.key }) where observation.histograms.notFinite > 0
    {
      throw Refusal(
        file: request.model,
        reason: "value \(graph[value].name) became NaN or infinite on calibration samples; "
          + "check the preprocessing (--scale, --mean, --std)"
      )
    }
  }

  private func calibrationRecord(_ data: CalibrationData, _ ranges: RangeSearch.Choice) -> JSON {
    .object([
      "samples": .int(data.usedForCalibration), "held_back": .int(data.heldBack.count),
      "range": .string(ranges.estimator.rawValue), "seed": .int(Int(truncatingIfNeeded: request.recipe.seed)),
    ])
  }

  private func calibrationSummary(
    _ data: CalibrationData, _ ranges: RangeSearch.Choice, _ weights: WeightSearch.Choice?
  ) -> Report.CalibrationSummary {
    var summary = Report.CalibrationSummary(
      samples: data.usedForCalibration, heldBack: data.heldBack.count,
      skipped: data.loader.problems.map { Report.SkippedFile(file: $0.sample.name, reason: $0.reason) },
      estimator: ranges.estimator.rawValue, seed: Int(truncatingIfNeeded: request.recipe.seed))
    summary.search = ranges.summary
    if let weights {
      summary.rounding = weights.candidate.rounding.rawValue
      summary.biases = weights.candidate.biases.rawValue
      summary.weightSearch = weights.summary
    }
    return summary
  }

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
    do throws(Refusal) { return try body() } catch { throw error.of(file: request.model) }
  }
}
