import Bundles
import DataSets
import IR
import Quantization
import Reports
package import Tensors

/// What `dermc calibrate` does: runs a float model on some samples and counts what its values are, for
/// `dermc compile --calib` to take ranges from; or its int8 form, for `dermc compile --moments` to round weights by.
package struct CalibrationCount {
  package var model: String
  package var data: String
  package var settings: DataSettings
  /// Second moments to gather in the place of counts; nil for counts.
  package var moments: MomentRequest?
  package var shard = Shard.whole
  /// How many samples to choose of all, before they are divided into shards; nil for all.
  package var samples: Int?
  package var seed: UInt64 = 0
  package var output: String
  package var threads: Int
  package var isStrict = false
  /// Whether to leave out whatever tells of files: names, and hashes of contents.
  package var isAnonymous = false
  /// Whose the samples are, where several sites count, each its own.
  package var site: String?
  /// With fewer samples nothing is written: counts of few tell too much of each.
  package var fewestSamples = 0

  package init(model: String, data: String, settings: DataSettings, output: String, threads: Int) {
    self.model = model
    self.data = data
    self.settings = settings
    self.output = output
    self.threads = threads
  }

  /// Whether a path leads to a file of counts, or to a bundle, rather than to samples.
  package static func isCounted(_ path: String) -> Bool { CalibrationPart.recognizes(path) }

  package struct Result: Sendable {
    package let file: StagedFile
    /// What was counted, for people.
    package let text: String
  }

  /// Counts. Nothing is left on disk unless the file is committed.
  package func run(observer: any WorkObserver) throws(Refusal) -> Result {
    if let site {
      do throws(Refusal) { try PartData.checkSite(site) } catch { throw error.about("--site \(site)").as(.usage) }
      guard samples == nil, seed == 0 else {
        throw .usage("--site \(site): a site counts all its samples: give a list of those you choose, files.txt")
      }
    }
    let gathering = try moments.map { (request) throws(Refusal) in try MomentCount(request, site: site) }
    let (samples, seed) = try gathering?.choice(samples, seed) ?? (samples, seed)
    let loaded = try LoadedModel(path: model, size: settings.freeSize)
    if loaded.bundle?.kind == .compiled {
      throw Refusal(file: model, reason: "is already compiled: give the float model it was made from")
    }
    let names = settings.labels ?? loaded.labels
    let decision = try DecisionOutput(loaded, AnswerSettings(), labels: names)
    let binding = try DataBinding(
      loaded, settings: settings, preprocessing: gathering?.counts.preprocessing ?? loaded.preprocessing, labels: names,
      decision: decision)
    let loader = try binding.unlabelled(at: data)
    let chosen = SampleSelection.choose(samples, of: loader.count, seed: seed)
    let part = shard.positions(of: chosen.count).map { chosen[$0] }
    for warning in [binding.overrideWarning, binding.assumption(for: [loader])] {
      try observer.warn(warning, isStrict: isStrict)
    }
    // What is true of the first samples is of all: once is enough.
    if shard.index == 1, gathering == nil {
      let evidence = try Suspicions.Evidence(
        loaded, binding.preprocessing(for: [loader]), loader, samples: part, threads: threads)
      for suspicion in Suspicions.all(evidence) { try observer.warn(suspicion, isStrict: isStrict) }
    }
    let hash = try loaded.sha256()
    let graph = try Preparation.simplified(loaded.graph).graph
    let origin = try PartOrigin(
      loaded, hash, graph: BundleWriter.hash(of: graph), binding, loader, settings)
    let float = try FloatNetwork(graph, isShared: false)
    loaded.releasePages()
    observer.note(float.plan, threads: threads)
    if let gathering {
      let gathered = try gathering.gather(self, origin, float, loader, chosen: chosen, observer: observer)
      try observer.report(loader, isStrict: isStrict)
      return try result(gathered, of: chosen.count, loader, observer)
    }
    let observed = ObservedValues.gather(graph, float.plan, loader, part, threads: threads, observer: observer)
    try observer.report(loader, isStrict: isStrict)
    try ObservedValues.check(observed, of: graph, file: model)
    let data = PartData(
      loader, chosen: chosen, asked: samples, seed: seed, shard: shard, isAnonymous: isAnonymous, site: site)
    return try result(CalibrationPart(origin, data, graph, observed), of: chosen.count, loader, observer)
  }

  /// The part, unless too few samples are in it.
  ///
  /// - Parameter chosen: how many samples all parts are of
  private func result(
    _ part: some MergeablePart, of chosen: Int, _ loader: SampleLoader, _ observer: any WorkObserver
  ) throws(Refusal) -> Result {
    let used = part.data.used
    guard used > 0 || shard.count > 1 else { throw loader.nothingReadable(data) }
    guard used >= fewestSamples else {
      throw Refusal(
        file: data, reason: "gives \(Figures.count(used, "sample")), --min-samples \(fewestSamples) demands more")
    }
    observer.notePeak()
    let which = shard == .whole ? "" : ", shard \(shard.text)"
    return Result(
      file: try part.stage(for: output),
      text: "\(Figures.count(used, "sample")) of \(Figures.grouped(chosen))\(which)")
  }
}
