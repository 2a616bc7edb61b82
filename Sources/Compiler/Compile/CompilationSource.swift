import Answers
import Bundles
import CanonicalJSON
import DataSets
import Hashing
import IR
import Images
import Passes
import Quantization
import Reports
import Runtime
import Tensors

/// What a compilation starts from: the model and its data, before a recipe comes in. Compilations of several recipes
/// share one, and with it the work that they do alike.
package final class CompilationSource {
  let model: LoadedModel
  /// The hash of the model's files.
  let hash: SHA256
  /// How data reach the model.
  let data: DataBinding
  let decision: DecisionOutput
  let evaluation: LabelledData?
  /// Labelled samples to fit on how sure answers are.
  let fitting: LabelledData?
  /// How many features unlike images are told by; none where that is in the model's output.
  let featureChannels: Int
  let classes: [String]?
  /// The simplified graph, and what passes did for it.
  let graph: Graph
  let log: PassLog
  /// Whether other recipes are compiled from it.
  let isShared: Bool
  /// What the float model answers.
  let answers: SharedWork<Asked, [[Float]?]>
  /// What was counted of calibration samples before, in their place.
  let counts: CountedCalibration?
  /// With what counts say of the choice of samples.
  let request: CompilationRequest
  private let calibrations: SharedWork<Selection, Calibration>
  private let networks: SharedWork<Rewriting, FloatNetwork>

  /// Samples of a loader.
  struct Asked: Equatable {
    let loader: ObjectIdentifier
    let samples: [Int]
  }

  /// Calibration samples, and what they tell of the model's input.
  struct Calibration {
    let data: CalibrationData
    let evidence: Suspicions.Evidence
  }

  /// What of a recipe says which calibration samples are read. A loader remembers those, for the record in the bundle,
  /// so recipes share one only where they read the same.
  private struct Selection: Equatable {
    let isQuantized: Bool
    let samples: Int?
    let seed: UInt64

    init(_ recipe: Recipe) {
      isQuantized = recipe.int8
      samples = recipe.samples
      seed = recipe.seed
    }
  }

  /// What of a recipe a float network follows from, and what is learned of it.
  private struct Rewriting: Equatable {
    let selection: Selection
    let pruneFraction: Double
    let pruneScope: Recipe.PruneScope
    let pruneMethod: Recipe.PruneMethod
    let channelFraction: Double
    let keptFloat: [String]
    let correctsBias: Bool

    init(_ recipe: Recipe) {
      selection = Selection(recipe)
      pruneFraction = recipe.pruneFraction
      pruneScope = recipe.pruneScope
      pruneMethod = recipe.pruneMethod
      channelFraction = recipe.channelFraction
      keptFloat = recipe.keptFloat
      correctsBias = recipe.correctsBias
    }
  }

  /// Reads the model and lists the data.
  ///
  /// - Parameter isShared: whether other recipes than the request's will be compiled from it
  init(_ request: CompilationRequest, isShared: Bool = false) throws(Refusal) {
    let counts = try request.calibrationPath.flatMap { (path) throws(Refusal) in
      try CountedCalibration(at: path, moments: request.momentsPath)
    }
    if let path = request.momentsPath, counts == nil {
      throw .usage("--moments \(path): needs --calib FILE, the counts that it was gathered with")
    }
    if let path = request.calibrationPath, counts != nil, isShared {
      throw .usage("--calib \(path): holds counts, no images, and many recipes are told apart by what images answer")
    }
    var request = request
    if let counts { request.recipe = try counts.completed(request.recipe) }
    self.request = request
    self.counts = counts
    self.isShared = isShared
    answers = SharedWork(keeps: isShared)
    calibrations = SharedWork(keeps: isShared)
    // A network comes with much that is known of it.
    networks = SharedWork(keeps: isShared, limit: 1)
    model = try LoadedModel(path: request.model, size: request.settings.freeSize)
    if model.bundle?.kind == .compiled {
      throw Refusal(
        file: model.path, reason: "is already compiled: give the float model it was made from",
        remedy: request.uncertainty.map {
          "to fit how sure its answers are, dermc convert BUNDLE -o OTHER.derm --calibrate-probabilities \($0.text)"
        })
    }
    try request.answer.checkMeasured(request.evaluationPath != nil)
    var decision = try DecisionOutput(model, request.answer, labels: request.settings.labels ?? model.labels)
    let data = try DataBinding(
      model, settings: request.settings, preprocessing: counts?.preprocessing ?? model.preprocessing,
      labels: request.settings.labels ?? model.labels, decision: decision)
    // A model that quantizes itself needs none: what it leaves in float then stays so.
    if request.recipe.int8, request.calibrationPath == nil, !model.graph.isQuantized {
      throw .usage("--int8 needs --calib DIR: images or tensors like those the model will see")
    }
    if request.recipe.pruneMethod == .obs, request.calibrationPath == nil {
      throw .usage("--prune-method obs: needs --calib DIR: images or tensors like those the model will see")
    }
    let labelled = try request.evaluationPath.map { path throws(Refusal) in try data.labelled(at: path) }
    (fitting, evaluation) = try CompilationSource.fitting(request, data, decision, labelled)
    classes =
      evaluation?.classes ?? fitting?.classes ?? data.labels ?? request.calibrationPath.flatMap(data.folderNames)
    if let classes { try decision.name(classes) } else { try decision.nameByNumber() }
    self.decision = decision
    self.data = data
    hash = try model.sha256()
    (graph, log) = try Preparation.simplified(model.graph)
    try counts?.check(model, hash, graph, data)
    if let settings = request.uncertainty {
      featureChannels = try settings.featureChannels(graph, decision, data, path: model.path)
    } else {
      featureChannels = 0
    }
    // The weights that matter now are copies with everything folded in.
    model.releasePages()
  }

  /// The labelled samples that how sure answers are is fitted on, and those that are reported on.
  private static func fitting(
    _ request: CompilationRequest, _ data: DataBinding, _ decision: DecisionOutput, _ evaluation: LabelledData?
  ) throws(Refusal) -> (fit: LabelledData?, evaluation: LabelledData?) {
    guard let settings = request.uncertainty else { return (nil, evaluation) }
    try settings.check(decision.meaning)
    switch settings.source {
    case .folder(let path):
      let labelled = try data.labelled(at: path)
      if let evaluation, evaluation.classes != labelled.classes {
        throw Refusal(
          file: path,
          reason: "has the classes \(labelled.classes.joined(separator: ", ")), \(evaluation.path) has "
            + "\(evaluation.classes.joined(separator: ", ")): name all classes in order with --labels FILE")
      }
      return (labelled, evaluation)
    case .split:
      guard let evaluation else {
        throw .usage("--calibrate-probabilities \(settings.text): divides the data of --eval DIR, which is not given")
      }
      guard let split = settings.split(of: evaluation, seed: request.recipe.seed) else { return (nil, evaluation) }
      let parts = try data.divided(evaluation, split)
      return (parts.fit, parts.rest)
    }
  }

  /// What the compiled model is held against: the graph before anything is changed in it.
  var original: Graph { model.takenOver?.meaning ?? graph }

  /// The samples a recipe calibrates with; nil where none were given.
  func calibration(for recipe: Recipe) throws(Refusal) -> Calibration? {
    guard counts == nil, let path = request.calibrationPath else { return nil }
    return try calibrations(Selection(recipe)) { () throws(Refusal) in
      let loader = try data.unlabelled(at: path, table: request.calibrationTable)
      let samples = CalibrationData(loader, recipe: recipe, holdsBack: request.evaluationPath == nil)
      return Calibration(data: samples, evidence: try evidence(loader, samples: samples.calibration))
    }
  }

  /// What samples tell of the model's input before it runs.
  func evidence(_ loader: SampleLoader, samples: [Int]) throws(Refusal) -> Suspicions.Evidence {
    try Suspicions.Evidence(
      model, data.preprocessing(for: loaders(loader)), loader, samples: samples, threads: request.threads)
  }

  /// A loader of samples, and that of the data accuracy is measured on.
  private func loaders(_ calibration: SampleLoader?) -> [SampleLoader] {
    [calibration, evaluation?.loader].compactMap(\.self)
  }

  /// The network a recipe quantizes.
  ///
  /// - Parameter prune: takes away from the graph what the recipe says
  func network(
    for recipe: Recipe, _ prune: (inout Graph) throws(Refusal) -> Pruning.Outcome
  ) throws(Refusal) -> FloatNetwork {
    try networks(Rewriting(recipe)) { () throws(Refusal) in
      var graph = graph
      let pruned = try prune(&graph)
      return try FloatNetwork(graph, pruned, isShared: isShared)
    }
  }
}
