import Bundles
import CanonicalJSON
import Hashing
import Metrics
package import Reports
package import Tensors
import Texts

/// What `dermc gate` does: holds reports against budgets, and against the reports of earlier builds, all read from
/// files.
package struct GateCheck {
  private let reports: [String]
  private let budgets: [String]
  private let baselines: [String]
  /// Whether the model may have another name than the baseline's.
  package var allowsOtherModel = false
  /// On how many threads bundles are timed; nil where they are not.
  package var timingThreads: Int?

  /// - Parameters:
  ///   - budgets: one for all reports, or one for each
  ///   - baselines: the same of the reports they are compared with; none to compare with none
  package init(_ reports: [String], budgets: [String], baselines: [String] = []) {
    self.reports = reports
    self.budgets = budgets
    self.baselines = baselines
  }

  package func run() throws(Refusal) -> GateRun {
    try check(budgets, "--budget")
    if !baselines.isEmpty { try check(baselines, "--baseline") }
    var items: [GateRun.Item] = []
    for (index, path) in reports.enumerated() {
      let budgetPath = budgets[budgets.count == 1 ? 0 : index]
      let baselinePath = baselines.isEmpty ? nil : baselines[baselines.count == 1 ? 0 : index]
      let budget = try GateCheck.budget(budgetPath)
      guard baselinePath == nil || budget.needsBaseline else {
        throw Refusal(
          .usage, file: budgetPath, reason: "sets no limit against a baseline, so --baseline is not needed",
          remedy: "leave it out, or add such as \"against_baseline\": {\"min_top1\": 0.01}")
      }
      let report = try GateCheck.report(path)
      let old = try baselinePath.map { path throws(Refusal) in (path: path, report: try GateCheck.report(path)) }
      let baseline = try old.map { old throws(Refusal) in
        try Baseline(
          old.report, of: report, budget, files: (old.path, path), allowsOtherModel: allowsOtherModel)
      }
      let times = try budget.needsTimes ? GateCheck.measure((path, report), against: old, timingThreads) : nil
      items.append(
        GateRun.Item(
          report: path, model: report.source.file, budget: budgetPath, baseline: baselinePath,
          gate: Gate(report, budget, against: baseline, times: times)))
    }
    return GateRun(dermc: Provenance.version, items: items)
  }

  /// Refuses lists that are neither one for all nor one for each.
  private func check(_ paths: [String], _ option: String) throws(Refusal) {
    guard paths.count == 1 || paths.count == reports.count else {
      throw .usage(
        "\(option): \(paths.count) files for \(reports.count) reports; give one for all, or one for each in their order"
      )
    }
  }

  package static func report(_ path: String) throws(Refusal) -> Report {
    let bytes = try MappedFile.contents(of: path)
    do throws(JSONError) {
      return try Report(json: JSON(parsing: bytes))
    } catch {
      throw Refusal(file: path, reason: "\(error)")
    }
  }

  private static func budget(_ path: String) throws(Refusal) -> Budget {
    let bytes = try MappedFile.contents(of: path)
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: bytes) } catch { throw Refusal(file: path, reason: "\(error)") }
    do throws(JSONError) {
      return try Budget(json: json, name: path, text: bytes)
    } catch {
      throw Refusal("\(error)")
    }
  }

  /// What `dermc compare` does: the builds of some reports side by side.
  ///
  /// - Parameters:
  ///   - allowsOtherModel: whether the models may have other names
  ///   - timingThreads: on how many threads bundles are timed; nil where they are not
  package static func compare(
    _ paths: [String], allowsOtherModel: Bool = false, timingThreads: Int? = nil
  ) throws(Refusal) -> BuildComparison {
    var reports: [Named] = []
    for path in paths { reports.append((path, try report(path))) }
    var times: [GateTimes] = []
    for report in reports.dropFirst() {
      if let measured = try measure(report, against: reports[0], timingThreads) { times.append(measured) }
    }
    return try BuildComparison(reports, times: times, allowsOtherModel: allowsOtherModel)
  }

  // MARK: Time

  private typealias Named = (path: String, report: Report)

  /// How long the bundles take that lie beside their reports, in turn; nil where that was not asked for.
  ///
  /// - Parameter threads: nil where nothing is timed
  private static func measure(
    _ current: Named, against baseline: Named?, _ threads: Int?
  ) throws(Refusal) -> GateTimes? {
    guard let threads else { return nil }
    let (own, other) = (try GateCheck.bundle(current), try baseline.map(GateCheck.bundle))
    let result = try Benchmark(own, against: other, measuresPeak: false, threads: threads).run()
    let ratios = result.against.map { other in
      zip(result.model.turns, other.turns).compactMap { $1 > 0 ? $0 / $1 : nil }
    }
    return GateTimes(
      current: 1000 * result.model.bestSeconds, baseline: result.against.map { 1000 * $0.bestSeconds },
      ratio: ratios.flatMap { $0.isEmpty ? nil : Estimate(medianOf: $0) }, turns: ratios?.count ?? 0)
  }

  /// The bundle a report is of, which must lie beside it.
  private static func bundle(_ named: Named) throws(Refusal) -> String {
    guard let bundle = named.report.bundle else {
      throw Refusal(file: named.path, reason: "is not of a bundle, so that there is nothing to time")
    }
    let slash = named.path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let path = slash.map { "\(named.path[...$0])\(bundle.file)" } ?? bundle.file
    guard try BundleReader.open(path).sha256().hex == bundle.sha256 else {
      throw Refusal(
        file: path, reason: "is not the bundle that \(named.path) is of: its SHA-256 is another",
        remedy: "put the bundle and its report side by side, as dermc compile writes them")
    }
    return path
  }
}
