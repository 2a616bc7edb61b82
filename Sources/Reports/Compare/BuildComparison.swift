import Metrics
package import Tensors

/// Several builds side by side: what each costs and answers, and how it differs from the first.
package struct BuildComparison: Sendable {
  package struct Build: Sendable {
    /// The report, as it was named.
    package let report: String
    package let model: String
    package let dermc: String
  }

  /// A figure of each build.
  struct Figure: Sendable {
    let name: String
    /// The class; nil of the whole model.
    let subject: String?
    let limit: Limit
    /// Nil where a report does not have it.
    var values: [Double?]
    /// How each build differs from the first; nil for that, and where one of the two does not have the figure.
    var changes: [Gate.Change?]
  }

  /// An image that builds decide otherwise.
  struct ChangedImage: Sendable {
    let file: String
    let labels: [String]
    /// What each build decides for.
    let decided: [[String]]
  }

  let builds: [Build]
  let figures: [Figure]
  /// Nil where not every report tells of images.
  let changed: [ChangedImage]?
  /// Images that the builds were measured on; nil where they were on none.
  let samples: Int?

  /// Figures of the whole model, then those of each class, by the limits that look at them.
  private static let whole = [
    ("bundle", "max_bundle_bytes"), ("MACs", "max_macs"), ("memory", "max_memory_bytes"),
    ("layers in float", "max_float_layers"), ("worst layer", "min_layer_sqnr_db"), ("time", "max_latency_ms"),
    ("agreement with float", "min_agreement"), ("top-1", "min_top1"), ("macro F1", "min_macro_f1"),
    ("AUC", "min_auc"), ("balanced accuracy", "min_balanced_accuracy"), ("sensitivity", "min_sensitivity"),
    ("specificity", "min_specificity"), ("calibration error", "max_ece"),
    ("calibration error, calibrated", "max_calibrated_ece"), ("AURC", "max_aurc"), ("coverage of sets", "min_coverage"),
    ("classes in a set", "max_mean_set_size"), ("answered", "min_answered"), ("wrong among answered", "max_risk"),
    ("maps: rank correlation with float", "min_explanation_correlation"),
    ("maps: overlap of the top 20 %", "min_explanation_overlap"), ("maps: the centre moves", "max_explanation_shift"),
  ]
  private static let perClass = [
    ("recall", "min_recall"), ("specificity", "min_specificity_per_class"), ("coverage", "min_coverage_per_class"),
    ("overlap of maps", "min_explanation_overlap_per_class"),
  ]

  /// - Parameters:
  ///   - reports: two or more; the others are compared with the first
  ///   - times: of each but the first, in turn with the first; empty where nothing was timed
  ///   - allowsOtherModel: whether the models may have other names
  /// - Throws: where reports are not of one model, one data set, one task or the same classes.
  package init(
    _ reports: [(path: String, report: Report)], times: [GateTimes] = [], allowsOtherModel: Bool = false
  ) throws(Refusal) {
    guard let first = reports.first, reports.count > 1 else {
      throw .usage("compare takes two reports or more")
    }
    let entries = BuildComparison.entries(first.report)
    let budget = Budget(comparing: entries.map(\.entry))
    var figures = entries.map { name, entry in
      Figure(name: name, subject: entry.name, limit: entry.limit, values: [], changes: [])
    }
    var images: [PairedImages?] = []
    for (index, build) in reports.enumerated() {
      let times = times.indices.contains(max(0, index - 1)) ? times[max(0, index - 1)] : nil
      let milliseconds = index == 0 ? times?.baseline : times?.current
      for (row, entry) in budget.changes.enumerated() {
        var value: Double?
        if case .value(let known, _) = Gate.measured(entry, build.report, milliseconds, usesIntervals: false) {
          value = known
        }
        figures[row].values.append(value)
      }
      guard index > 0 else {
        for row in figures.indices { figures[row].changes.append(nil) }
        continue
      }
      let baseline = try Baseline(
        first.report, of: build.report, budget, files: (first.path, build.path), allowsOtherModel: allowsOtherModel)
      images.append(baseline.images)
      for (row, found) in ChangeMeasure(baseline, build.report, times).changes(budget.changes).enumerated() {
        if case .change(_, let change) = found {
          figures[row].changes.append(change)
        } else {
          figures[row].changes.append(nil)
        }
      }
    }
    builds = reports.map { Build(report: $0.path, model: $0.report.source.file, dermc: $0.report.dermc) }
    self.figures = figures.filter { figure in figure.values.contains { $0 != nil } }
    samples = first.report.accuracy?.samples
    let paired = images.compactMap(\.self)
    changed =
      paired.count == images.count
      ? BuildComparison.changed(paired, first.report.accuracy?.classes ?? []) : nil
  }

  private static func entries(_ report: Report) -> [(name: String, entry: Budget.Entry)] {
    func entry(_ key: String, _ name: String?) -> Budget.Entry? {
      Limit.all.first { $0.key == key }.map { Budget.Entry(limit: $0, name: name, value: 0, line: 1) }
    }
    let classes = report.accuracy?.compiled?.perClass.map(\.name) ?? []
    return whole.compactMap { name, key in entry(key, nil).map { (name, $0) } }
      + perClass.flatMap { name, key in
        classes.compactMap { subject in entry(key, subject).map { ("\(name) of \(subject)", $0) } }
      }
  }

  /// Those images first that the first build has right and the last has wrong.
  private static func changed(_ images: [PairedImages], _ classes: [String]) -> [ChangedImage] {
    guard let first = images.first else { return [] }
    // Each pair is in the order of its later report.
    var decided: [String: [[Int]]] = [:]
    for pair in images {
      for (file, decision) in zip(pair.files, pair.current.decided) { decided[file, default: []].append(decision) }
    }
    func names(_ indices: [Int]) -> [String] {
      indices.map { classes.indices.contains($0) ? classes[$0] : "\($0)" }
    }
    var found: [(rank: Int, image: ChangedImage)] = []
    for (sample, file) in first.files.enumerated() {
      let (label, before) = (first.baseline.labels[sample], first.baseline.decided[sample])
      let after = decided[file] ?? []
      guard after.contains(where: { $0 != before }) else { continue }
      let (was, isNow) = (before == label, after.last == label)
      found.append(
        (
          was && !isNow ? 0 : was == isNow ? 1 : 2,
          ChangedImage(file: file, labels: names(label), decided: ([before] + after).map(names))
        ))
    }
    return found.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
      .map(\.element.image)
  }
}
