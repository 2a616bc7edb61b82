import Bundles
import DataSets
import IR
import Quantization
import Reports
package import Tensors

/// What `dermc calibrate` does: runs a float model on some samples and counts what its values are, for
/// `dermc compile --calib` to take ranges from.
package struct CalibrationCount {
  package var model: String
  package var data: String
  package var settings: DataSettings
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
    let loaded = try LoadedModel(path: model, size: settings.freeSize)
    if loaded.bundle?.kind == .compiled {
      throw Refusal(file: model, reason: "is already compiled: give the float model it was made from")
    }
    let names = settings.labels ?? loaded.labels
    let decision = try DecisionOutput(loaded, AnswerSettings(), labels: names)
    let binding = try DataBinding(loaded, settings: settings, decision: decision)
    let loader = try binding.unlabelled(at: data)
    let chosen = SampleSelection.choose(samples, of: loader.count, seed: seed)
    let part = shard.positions(of: chosen.count).map { chosen[$0] }
    for warning in [binding.overrideWarning, binding.assumption(for: [loader])] {
      try observer.warn(warning, isStrict: isStrict)
    }
    // What is true of the first samples is of all: once is enough.
    if shard.index == 1 {
      let evidence = try Suspicions.Evidence(
        loaded, binding.preprocessing(for: [loader]), loader, samples: part, threads: threads)
      for suspicion in Suspicions.all(evidence) { try observer.warn(suspicion, isStrict: isStrict) }
    }
    let hash = try loaded.sha256()
    let graph = try Preparation.simplified(loaded.graph).graph
    let origin = try PartOrigin(
      loaded, hash, graph: BundleWriter.hash(of: graph), binding, loader, settings)
    let plan = try Preparation.plan(graph)
    loaded.releasePages()
    observer.note(plan, threads: threads)
    let observed = ObservedValues.gather(graph, plan, loader, part, threads: threads, observer: observer)
    try observer.report(loader, isStrict: isStrict)
    try ObservedValues.check(observed, of: graph, file: model)
    let data = PartData(
      loader, chosen: chosen, asked: samples, seed: seed, shard: shard, isAnonymous: isAnonymous, site: site)
    guard data.used > 0 || shard.count > 1 else { throw loader.nothingReadable(self.data) }
    guard data.used >= fewestSamples else {
      throw Refusal(
        file: self.data,
        reason: "gives \(Figures.count(data.used, "sample")), --min-samples \(fewestSamples) demands more")
    }
    let counted = CalibrationPart(origin, data, graph, observed)
    observer.notePeak()
    let which = shard == .whole ? "" : ", shard \(shard.text)"
    return Result(
      file: try counted.stage(for: output),
      text: "\(Figures.count(data.used, "sample")) of \(Figures.grouped(chosen.count))\(which)")
  }
}
