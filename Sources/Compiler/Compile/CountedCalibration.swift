import Bundles
import CanonicalJSON
import DataSets
import Hashing
import IR
import Images
import Quantization
import Reports
import Tensors

/// What `dermc calibrate` counted on samples, in the place of the samples.
///
/// Ranges and the means of channels follow from counts, and so does all of int8 where nothing is tried out on images.
/// With second moments of the same samples, weights also make up for each other's errors.
struct CountedCalibration {
  private let path: String
  private let part: CalibrationPart
  /// Tells which counts these are.
  private let identity: String
  private var moments: GatheredMoments?

  /// Reads a file of counts; nil for what is no such file, a folder say.
  ///
  /// - Parameter moments: a file of second moments of the same samples
  init?(at path: String, moments: String? = nil) throws(Refusal) {
    guard CalibrationPart.recognizes(path) else { return nil }
    self.path = path
    let file = try PartFile(path: path)
    part = try CalibrationPart(file)
    identity = file.identity.hex
    try part.checkComplete(path, line: "dermc calibrate MODEL DATA")
    if let moments { self.moments = try GatheredMoments(at: moments, on: part, from: path) }
  }

  /// How images became inputs, where something said so.
  var preprocessing: JSON? { part.origin.isAssumed ? nil : part.origin.preprocessing }
  /// Whether the samples were images that nothing said how to make inputs of.
  var isAssumed: Bool { part.origin.isAssumed }

  var samples: Int { part.data.used }
  var unusable: Int { part.data.unusable }
  var skipped: [Report.SkippedFile] {
    part.data.skipped.map { Report.SkippedFile(file: $0.file, reason: $0.reason) }
  }
  var shards: Int { part.data.shardCount }
  /// In how many parts second moments were gathered; nil where there are none.
  var momentShards: Int? { moments?.shards }
  var data: PooledData { part.data }
  var origin: PartOrigin { part.origin }
  /// The sites they were counted at, by name.
  var sites: [String] { part.data.names }
  /// Which samples were read; nil where that is not told.
  var summary: Report.DataSummary? { part.data.summary }

  /// The recipe that counts of a choice of samples serve.
  func completed(_ recipe: Recipe) throws(Refusal) -> Recipe {
    func refuse(_ option: String, _ why: String) -> Refusal {
      .usage("\(option): \(why), and \(path) holds counts, no images: give --calib the folder, or leave \(option) out")
    }
    guard recipe.int8 else { throw .usage("--calib \(path): counts serve --int8") }
    if recipe.channelFraction > 0 { throw refuse("--prune-channels", "layers are counted anew after pruning") }
    if recipe.pruneFraction > 0 { throw refuse("--prune", "layers are counted anew after pruning") }
    if let target = recipe.target { throw refuse(target.option, "is judged by what images answer") }
    if recipe.estimator == nil { throw refuse("--effort", "chooses ranges by what images answer") }
    if let moments {
      guard recipe.rounding == .compensated else {
        throw .usage("--moments \(moments.path): serves --rounding compensated: leave one of both out")
      }
    } else if recipe.rounding != .nearest {
      throw .usage(
        "--rounding: is learned from images, and \(path) holds counts: gather second moments of the same images "
          + "(dermc calibrate MODEL DATA --moments \(path)) and give them with --moments, or give --calib the folder")
    }
    if recipe.biases != .weights { throw refuse("--biases", "are learned from images") }
    if recipe.equalizes != false { throw refuse("--equalize", "counts channels anew once they are scaled") }
    if recipe.samples != nil { throw refuse("--samples", "were chosen when they were counted") }
    if recipe.seed != 0, recipe.seed != part.data.seed { throw refuse("--seed", "chose samples before counting") }
    var recipe = recipe
    (recipe.samples, recipe.seed) = (part.data.asked, part.data.seed)
    return recipe
  }

  /// Refuses counts of another model, network or preprocessing.
  ///
  /// - Parameters:
  ///   - hash: of the model's files
  ///   - graph: that is quantized
  ///   - preprocessing: how images of evaluation data become inputs, as they had to for counting
  func check(_ model: LoadedModel, _ hash: SHA256, _ graph: Graph, _ data: DataBinding) throws(Refusal) {
    func refuse(_ reason: String) -> Refusal {
      Refusal(file: path, reason: reason, remedy: "count again (dermc calibrate)")
    }
    guard part.origin.model == hash.hex else {
      throw refuse("was counted on another model (SHA-256 \(part.origin.model.prefix(12))...) than \(model.path)")
    }
    guard part.origin.dermc == Provenance.version else {
      throw refuse("was counted by dermc \(part.origin.dermc), this is \(Provenance.version)")
    }
    guard try part.origin.graph == BundleWriter.hash(of: graph).hex,
      part.values == CalibrationPart.values(of: graph).map({ graph[$0].name })
    else { throw refuse("was counted with another --size, or by another build of dermc") }
    let images = part.origin.preprocessing != nil
    let used = try data.preprocessing(for: [], hasImages: images)?.json
    guard !images || used == part.origin.preprocessing else {
      throw refuse(
        "was counted with the preprocessing \(PartOrigin.text(part.origin.preprocessing)), the options say "
          + PartOrigin.text(used))
    }
    guard samples > 0 else { throw refuse("holds no samples: none could be used") }
  }

  /// What was seen of each value of the graph.
  private func observations(_ graph: Graph) -> [ValueID: Observation] {
    Dictionary(uniqueKeysWithValues: zip(CalibrationPart.values(of: graph), part.observations))
  }

  /// The int8 network of a recipe that tries nothing out.
  func quantized(_ float: FloatNetwork, _ recipe: Recipe, threads: Int) throws(Refusal) -> Int8Stage.Outcome {
    let (network, identity) = try network(float, recipe, threads: threads)
    var weights = WeightSearch.Choice(model: network.nearest, candidate: WeightSearch.Candidate())
    if let moments {
      let model = try network.compensated(by: moments.byLayer(network, identity, float.graph))
      weights = WeightSearch.Choice(model: model, candidate: WeightSearch.Candidate(rounding: .compensated))
    }
    return Int8Stage.Outcome(
      model: weights.model, ranges: RangeSearch.Choice(estimator: network.ranges), weights: weights)
  }

  /// The int8 network of a recipe before its weights are rounded, and what tells it from others.
  func network(
    _ float: FloatNetwork, _ recipe: Recipe, threads: Int
  ) throws(Refusal) -> (network: UnroundedNetwork, identity: MomentPart.Network) {
    var options = Quantizer.Options()
    options.correctsBias = recipe.correctsBias
    options.keptFloat = try KeptLayers.nodes(named: recipe.keptFloat, in: float.graph)
    let estimator = recipe.estimator ?? RangeSearch.estimators[0]
    options.estimator = estimator
    let quantizer = Quantizer(float.graph, observations: observations(float.graph), options: options)
    let network = try UnroundedNetwork(quantizer, by: estimator, threads: threads)
    let identity = MomentPart.Network(
      counts: identity, estimator: estimator,
      keptFloat: options.keptFloat.sorted().compactMap { float.graph[$0]?.name },
      graph: try BundleWriter.hash(of: network.nearest.graph).hex)
    return (network, identity)
  }

  /// What to warn of where accuracy is measured on samples that were counted, or on copies of them. To be asked once
  /// all samples were read.
  func overlap(with evaluation: SampleLoader) -> String? {
    let counted = Set(part.data.hashes)
    let hashes = evaluation.contentHashes
    let same = evaluation.samples.count { sample in hashes[sample.path].map(counted.contains) ?? false }
    return same > 0
      ? "\(same) of \(evaluation.count) evaluation samples were calibrated on too: use a folder of others" : nil
  }
}

extension Recipe.Target {
  /// The option that asks for it.
  fileprivate var option: String {
    switch self {
    case .bytes: "--target-size"
    case .ratio: "--target-ratio"
    case .cost: "--max-kl"
    case .agreement: "--min-agreement"
    case .drop: "--max-drop"
    }
  }
}
