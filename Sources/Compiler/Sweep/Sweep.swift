import Answers
import CanonicalJSON
import DataSets
import Hashing
import Metrics
package import Reports
import Synchronization
package import Tensors

/// What to sweep: a model and its data, the recipes, and where the bundles go.
package struct SweepRequest: Sendable {
  /// The model and the data; its recipe has what is common to all.
  package var compilation: CompilationRequest
  package var grid: SweepGrid
  package var folder: String
  /// Whether each bundle is timed beside the float model.
  package var measuresLatency = true
  /// Whether points of another sweep in the folder are removed.
  package var startsAnew = false

  /// - Parameter compilation: its output is not used
  package init(_ compilation: CompilationRequest, grid: SweepGrid, folder: String) {
    self.compilation = compilation
    self.grid = grid
    self.folder = folder
  }
}

/// Compiles a model by many recipes and measures each bundle on the same samples.
///
/// What is finished is recorded in the folder, point by point, and not done again: a sweep that is stopped goes on from
/// there, and one with more recipes adds to what there is. Every bundle has the bytes that `dermc compile` gives it.
package struct Sweep {
  private let request: SweepRequest
  private let observer: SweepObserver

  package init(_ request: SweepRequest, observer: any WorkObserver) {
    self.request = request
    self.observer = SweepObserver(observer)
  }

  /// Makes what is missing, and writes `sweep.json`, `.csv` and `.html` beside the bundles.
  package func run() throws(Refusal) -> SweepReport {
    let base = request.compilation.recipe
    let entries = try request.grid.entries(base)
    var common = request.compilation
    common.recipe = entries[0].recipe
    common.estimatesCost = true
    let source = try CompilationSource(common, isShared: true)
    guard let calibration = try source.calibration(for: common.recipe)?.data.loader else {
      throw .usage("--calib DIR: a sweep needs images or tensors like those the model will see")
    }
    let identity = try SweepIdentity(source, common, calibration: calibration, base: base)
    let folder = try SweepFolder(request.folder)
    for name in Sweep.summaries { try OutputFile.check("\(folder.path)/\(name)") }
    var known = try finished(identity, in: folder)

    for (index, entry) in entries.enumerated() where known[entry.name] == nil {
      observer.start("\(index + 1)/\(entries.count) \(entry.name): ")
      known[entry.name] = try make(entry, of: source, common, identity, in: folder)
    }
    observer.start("")
    let order = entries.map(\.name) + known.keys.filter { name in !entries.contains { $0.name == name } }.sorted()
    let report = SweepReport(
      dermc: Provenance.version,
      source: Report.Source(
        path: source.model.path, format: source.model.format.rawValue, bytes: source.model.fileBytes,
        sha256: source.hash.hex),
      isDivergence: source.decision.meaning.task != .none, points: order.compactMap { known[$0] })
    try StagedFile.commit(try summaries(report, in: folder))
    observer.notePeak()
    return report
  }

  /// The files that say what was found of all points.
  package static let summaries = ["sweep.json", "sweep.csv", "sweep.html"]

  private func summaries(_ report: SweepReport, in folder: SweepFolder) throws(Refusal) -> [StagedFile] {
    let contents = [report.json.prettyBytes(), Array(SweepCSV.make(report).utf8), Array(SweepPage.make(report).utf8)]
    var files: [StagedFile] = []
    for (name, bytes) in zip(Sweep.summaries, contents) {
      files.append(try StagedFile(bytes, for: "\(folder.path)/\(name)"))
    }
    return files
  }

  // MARK: Points

  /// The points that are there already, by name.
  private func finished(
    _ identity: SweepIdentity, in folder: SweepFolder
  ) throws(Refusal) -> [String: SweepReport.Point] {
    if request.startsAnew { try folder.removePoints() }
    var points: [String: SweepReport.Point] = [:]
    for record in try folder.records() {
      if let difference = identity.difference(from: record.identity) {
        throw Refusal(
          file: folder.path, reason: "holds a sweep \(difference)",
          remedy: "give another folder with -o, or start anew in this one with --force")
      }
      guard let point = folder.point(record) else {
        observer.note("\(record.name): its files are not those that were recorded: it is made again")
        continue
      }
      if request.measuresLatency, point.bundle != nil, point.bundle?.latency == nil { continue }
      points[point.name] = point
      observer.note("\(record.name): taken up as it was finished")
    }
    return points
  }

  /// Compiles and measures one recipe; its files appear together, the record last.
  private func make(
    _ entry: SweepGrid.Entry, of source: CompilationSource, _ common: CompilationRequest, _ identity: SweepIdentity,
    in folder: SweepFolder
  ) throws(Refusal) -> SweepReport.Point {
    var request = common
    request.recipe = entry.recipe
    request.output = folder.bundle(entry.name)
    let compiled: CompiledModel
    do throws(Refusal) {
      compiled = try Compilation(request, observer: observer).run(source)
    } catch {
      guard error.kind == .outOfReach else { throw error }
      let record = SweepRecord(identity, entry, .outOfReach(error.reason))
      try OutputFile.write(record.json.prettyBytes(), to: folder.record(entry.name))
      return SweepReport.Point(name: entry.name, options: entry.options, result: .outOfReach(error.reason))
    }
    let latency = self.request.measuresLatency ? try latency(of: compiled.bundle.aside) : nil
    guard let file = compiled.report.bundle else { preconditionFailure("a compilation reports no bundle") }
    let text = compiled.report.json.prettyBytes()
    let record = SweepRecord(
      identity, entry,
      .bundle(
        sha256: file.sha256, report: SHA256(of: text).hex, cost: compiled.cost,
        latency: latency))
    try StagedFile.commit([
      compiled.bundle, StagedFile(text, for: folder.report(entry.name)),
      StagedFile(record.json.prettyBytes(), for: folder.record(entry.name)),
    ])
    return SweepReport.Point(
      name: entry.name, options: entry.options,
      result: .bundle(SweepReport.Bundle(report: compiled.report, cost: compiled.cost, latency: latency)))
  }

  /// About how long each of two models runs to be timed.
  private static let seconds = 0.6

  /// The bundle in turn with the float model on one thread, as `dermc bench --against` does.
  private func latency(of bundle: String) throws(Refusal) -> SweepReport.Latency {
    observer.begin("Timing", count: 1)
    defer { observer.end() }
    let result = try Benchmark(
      bundle, against: request.compilation.model, measuresPeak: false, threads: 1,
      size: request.compilation.settings.freeSize, seconds: Sweep.seconds
    ).run()
    func times(_ model: BenchModel) -> SweepReport.Latency.Times {
      SweepReport.Latency.Times(best: model.bestSeconds, median: model.medianSeconds)
    }
    guard let float = result.against else { throw Refusal(.defect, reason: "the float model was not timed") }
    return SweepReport.Latency(
      compiled: times(result.model), float: times(float), instructionSet: result.instructionSet)
  }
}

/// Says of which point work is, and warns of what is wrong with several only once.
private final class SweepObserver: WorkObserver {
  private let base: any WorkObserver
  private let state = Mutex(State())

  private struct State {
    var prefix = ""
    var warned: Set<String> = []
  }

  init(_ base: any WorkObserver) { self.base = base }

  /// Another point is next.
  func start(_ prefix: String) { state.withLock { $0.prefix = prefix } }

  func begin(_ stage: String, count: Int) { base.begin(state.withLock { $0.prefix } + stage, count: count) }
  func advance() { base.advance() }
  func end() { base.end() }
  func warn(_ message: String) {
    if state.withLock({ $0.warned.insert(message).inserted }) { base.warn(message) }
  }
  func note(_ message: String) { base.note(state.withLock { $0.prefix } + message) }
}
