import Bundles
import CanonicalJSON
import DataSets
import IR
import Images
import Math
import Passes
import Quantization
package import Reports
import Runtime
import Tensors

/// What to compile, with which data, to where.
package struct CompilationRequest: Sendable {
  package var model: String
  package var recipe: Recipe
  package var settings: DataSettings
  package var calibrationPath: String?
  package var evaluationPath: String?
  package var output: String
  package var threads: Int
  /// Refuse where a sample cannot be read, instead of leaving it out with a warning.
  package var isStrict = false

  package init(model: String, recipe: Recipe, settings: DataSettings, output: String, threads: Int) {
    self.model = model
    self.recipe = recipe
    self.settings = settings
    self.output = output
    self.threads = threads
  }
}

/// Tells whoever watches how far a compilation is.
package protocol CompilationObserver: Sendable {
  /// A stage of `count` pieces of work begins.
  func begin(_ stage: String, count: Int)
  /// One piece is done; called from any thread.
  func advance()
  func end()
  func warn(_ message: String)
  func note(_ message: String)
}

/// From a float model to a bundle and its report: the main job, top to bottom.
package struct Compilation {
  private let request: CompilationRequest
  private let observer: any CompilationObserver

  package init(_ request: CompilationRequest, observer: any CompilationObserver) {
    self.request = request
    self.observer = observer
  }

  /// Compiles, writes the bundle and returns the report. Nothing is written when anything fails before the end.
  package func run() throws(Diagnostic) -> Report {
    let recipe = request.recipe
    // Read.
    let model = try LoadedModel(path: request.model, size: request.settings.freeSize)
    if model.bundle?.kind == .compiled { throw .refused("\(model.path): is already compiled") }
    let data = try DataBinding(model, settings: request.settings)
    let calibration = try calibrationData(data)
    let evaluation = try request.evaluationPath.map { path throws(Diagnostic) in try data.labelled(at: path) }

    // Rewrite.
    var (graph, log) = try Preparation.simplified(model.graph)
    let original = try Preparation.fused(graph).graph
    if recipe.pruneFraction > 0 {
      let scope: PruningScope = recipe.pruneScope == .global ? .global : .perLayer
      let pruning = PassGroup("pruning", [.pruneMagnitude(fraction: recipe.pruneFraction, scope: scope)])
      log.append(try Preparation.run([pruning], on: &graph))
    }

    // Quantize, or only fuse.
    var decisions: [LayerDecision] = []
    let compiled: Graph
    if recipe.int8, let calibration {
      let observations = try calibrate(graph, calibration)
      var options = Quantizer.Options()
      options.estimator = recipe.estimator
      options.correctsBias = recipe.correctsBias
      let quantized = try refusing { () throws(NodeError) in
        try Quantizer(graph, observations: observations, options: options).run()
      }
      compiled = quantized.graph
      decisions = quantized.decisions
    } else {
      let (fused, more) = try Preparation.fused(graph)
      compiled = fused
      log.append(more)
    }

    // Compare with the original.
    let plans = (float: try Preparation.plan(original), compiled: try Preparation.plan(compiled))
    var comparison = FloatComparison(threads: request.threads, observer: observer)
    if let calibration, recipe.int8 {
      let layers = (float: try Preparation.plan(graph), compiled: plans.compiled)
      comparison.measureLayers(layers, graph, compiled, calibration)
    }
    let accuracy = try comparison.accuracy(plans, evaluation: evaluation, calibration: calibration)
    try checkSamples([calibration?.loader, evaluation?.loader])

    // Write.
    var bundle = Bundle(kind: .compiled, graph: compiled)
    bundle.preprocessing = data.preprocessing?.json
    bundle.labels = evaluation?.classes ?? data.labels
    bundle.calibration = calibration.map { calibrationRecord($0) }
    bundle.evaluation = accuracy?.json
    bundle.selfTest = try selfTest(of: compiled, plans.compiled)
    bundle.provenance = Provenance.json(source: model, recipe: recipe)
    let file = try write(bundle)

    // Report.
    return ReportMaker(
      model: model, recipe: recipe, compiled: compiled, plan: plans.compiled, log: log, decisions: decisions,
      layerErrors: comparison.layerErrors, accuracy: accuracy, bundle: file,
      calibration: calibration.map { calibrationSummary($0) }
    ).report()
  }

  // MARK: Data

  private func calibrationData(_ data: DataBinding) throws(Diagnostic) -> CalibrationData? {
    guard let path = request.calibrationPath else {
      guard !request.recipe.int8 else {
        throw .usage("--int8 needs --calib DIR: images or tensors like those the model will see")
      }
      return nil
    }
    let loader = try data.unlabelled(at: path)
    return CalibrationData(loader, recipe: request.recipe, holdsBack: request.evaluationPath == nil)
  }

  private func calibrate(_ graph: Graph, _ data: CalibrationData) throws(Diagnostic) -> [ValueID: Observation] {
    observer.begin("Calibrating", count: data.calibration.count)
    defer { observer.end() }
    let observations = try refusing { () throws(NodeError) in
      let calibrator = try Calibrator(graph, observing: Quantizer.valuesToObserve(graph), math: KernelMath())
      return calibrator.run(data.loader, samples: data.calibration, threads: request.threads) { _ in observer.advance()
      }
    }
    let unreadable = data.loader.problems
    guard unreadable.count < data.calibration.count else {
      throw .refused(
        "\(request.calibrationPath ?? ""): no sample could be read; \(unreadable.first.map { "\($0.sample.name): \($0.reason)" } ?? "")"
      )
    }
    for (value, observation) in observations.sorted(by: { $0.key < $1.key }) where observation.histograms.notFinite > 0
    {
      throw .refused(
        "\(request.model): value \(graph[value].name) became NaN or infinite on calibration samples; check the preprocessing (--scale, --mean, --std)"
      )
    }
    return observations
  }

  /// Samples that could not be read are named; under --strict they end the compilation.
  private func checkSamples(_ loaders: [SampleLoader?]) throws(Diagnostic) {
    for problem in loaders.compactMap(\.self).flatMap(\.problems) {
      let message = "\(problem.sample.path): \(problem.reason)"
      if request.isStrict { throw .refused("\(message) (leave out --strict to skip it)") }
      observer.warn("skipped \(message)")
    }
  }

  private func calibrationRecord(_ data: CalibrationData) -> JSON {
    .object([
      "samples": .int(data.calibration.count), "held_back": .int(data.heldBack.count),
      "range": .string(request.recipe.estimator.rawValue), "seed": .int(Int(truncatingIfNeeded: request.recipe.seed)),
    ])
  }

  private func calibrationSummary(_ data: CalibrationData) -> Report.CalibrationSummary {
    Report.CalibrationSummary(
      samples: data.calibration.count, heldBack: data.heldBack.count,
      skipped: data.loader.problems.map { Report.SkippedFile(file: $0.sample.name, reason: $0.reason) },
      estimator: request.recipe.estimator.rawValue, seed: Int(truncatingIfNeeded: request.recipe.seed))
  }

  // MARK: Output

  private func selfTest(of graph: Graph, _ plan: Plan) throws(Diagnostic) -> SelfTest {
    let inputs = graph.inputs.map { SelfTestInput.tensor(graph.type(of: $0)) }
    return SelfTest(inputs: inputs, outputs: Preparation.outputs(plan, inputs: inputs))
  }

  private func write(_ bundle: Bundle) throws(Diagnostic) -> Report.BundleFile {
    do throws(BundleError) {
      let sections = try BundleWriter.write(bundle, to: request.output)
      let file = try BundleReader.open(request.output)
      return Report.BundleFile(
        path: request.output, bytes: file.size, sha256: file.sha256().hex,
        sections: sections.map {
          Report.SectionSize(name: $0.name, codec: $0.codec, rawBytes: $0.rawBytes, storedBytes: $0.storedBytes)
        })
    } catch {
      throw .refused("\(error)")
    }
  }

  private func refusing<Result>(_ body: () throws(NodeError) -> Result) throws(Diagnostic) -> Result {
    do throws(NodeError) { return try body() } catch { throw .refused("\(request.model): \(error)") }
  }
}
