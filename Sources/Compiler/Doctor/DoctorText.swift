import DataSets
import Images
import Metrics
import Reports
import Texts

/// What `dermc doctor` prints for people.
package enum DoctorText {
  /// The table, best first, the verdict, and how to say it to other commands; a line feed at the end.
  package static func make(_ findings: DoctorFindings) -> String {
    var lines = [
      "\(Printable.name(findings.model, limit: 200)) on \(Figures.count(findings.samples, "image")) of "
        + Printable.name(findings.data, limit: 200)
    ]
    if let remark = findings.remark { lines.append(remark) }
    lines += [""] + table(findings).lines(indent: 2) + [""]
    lines += verdict(findings)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func table(_ findings: DoctorFindings) -> TextTable {
    let trials = findings.trials
    let hasLayouts = trials.contains { $0.order != findings.best.order }
    let hasLabels = findings.best.labelled != nil
    let hasAUC = trials.contains { $0.labelled?.auc != nil }
    let hasNormalization = findings.best.normalization != nil
    let hasOrders = trials.contains { $0.labelled?.order != nil }
    var columns: [(String, TextTable.Alignment)] = [("", .left), ("preprocessing", .left), ("colours", .left)]
    columns.append(("resize", .left))
    if hasLayouts { columns.append(("layout", .left)) }
    if hasLabels { columns += [("top-1", .right), ("balanced", .right)] }
    if hasAUC { columns.append(("AUC", .right)) }
    if hasLabels { columns.append(("loss", .right)) }
    if hasNormalization { columns.append(("BatchNorm misfit", .right)) }
    if !hasLabels { columns += [("entropy", .right), ("information", .right)] }
    if hasOrders { columns.append(("classes", .left)) }
    var table = TextTable(columns)
    for (index, trial) in trials.enumerated() {
      let isTied = findings.verdict != .none && (findings.ties.contains(index) || index == 0)
      var cells = [
        isTied ? "*" : "", trial.name, trial.preprocessing.channels.rawValue, trial.preprocessing.resize.rawValue,
      ]
      if hasLayouts { cells.append(trial.order.rawValue) }
      if hasLabels { cells += [Figures.percent(trial.labelled?.top1), Figures.percent(trial.labelled?.balanced)] }
      if hasAUC { cells.append(area(trial.labelled?.auc)) }
      if hasLabels { cells.append(Figures.decimal(trial.labelled?.loss, 3)) }
      if hasNormalization { cells.append(misfit(trial.normalization?.divergence)) }
      if !hasLabels {
        cells += [Figures.decimal(trial.answers?.entropy, 3), Figures.decimal(trial.answers?.information, 3)]
      }
      if hasOrders { cells.append(trial.labelled?.order == nil ? "as given" : "reordered") }
      table.add(cells)
    }
    return table
  }

  private static func misfit(_ divergence: Double?) -> String {
    guard let divergence else { return "–" }
    return Figures.decimal(divergence, divergence < 10 ? 3 : 0)
  }

  private static func area(_ auc: Estimate?) -> String {
    guard let auc else { return "–" }
    let range = auc.low.flatMap { low in auc.high.map { " (\(Figures.decimal(low, 3)) … \(Figures.decimal($0, 3)))" } }
    return Figures.decimal(auc.value, 3) + (range ?? "")
  }

  private static func verdict(_ findings: DoctorFindings) -> [String] {
    let images = Figures.count(findings.samples, "image")
    var lines: [String] = []
    switch findings.verdict {
    case .none:
      lines.append("verdict  cannot tell: none of these fits \(images)")
      if let objection = findings.objection { lines.append("  \(objection)") }
      return lines
    case .clear: lines.append("verdict  clear: \(describe(findings.best)) fits best")
    case .likely:
      lines.append("verdict  likely: \(describe(findings.best))")
      lines.append(
        findings.basis == .answers
          ? "  by how different its answers are: nothing tells for certain without labels or BatchNormalization"
          : "  but these images are unlike those it was trained on: labels, or other images, would tell for certain")
    case .tied:
      let tied = findings.trials.indices.filter { findings.ties.contains($0) }.map { describe(findings.trials[$0]) }
      lines.append("verdict  these cannot be told apart by \(images):")
      lines.append("  \(describe(findings.best)), which is taken")
      lines += tied.map { "  \($0)" }
    }
    lines.append("options  \(options(findings.best.preprocessing))")
    if findings.isReordered, let classes = findings.classes {
      lines.append("classes  \(classes.map { Printable.name($0, limit: 40) }.joined(separator: ","))")
      lines.append("  in this order of the model's outputs the answers fit the labels far better than as given")
    }
    return lines
  }

  private static func describe(_ trial: Trial) -> String {
    "\(trial.name), \(trial.preprocessing.channels.rawValue), \(trial.preprocessing.resize.rawValue)"
  }

  /// The options that say a preprocessing to other commands.
  static func options(_ preprocessing: Preprocessing) -> String {
    func list(_ values: [Double]) -> String {
      let isSame = values.dropFirst().allSatisfy { $0 == values.first }
      return (isSame ? Array(values.prefix(1)) : values).map(number).joined(separator: ",")
    }
    var options = ["--scale \(number(preprocessing.scale))"]
    if preprocessing.mean.contains(where: { $0 != 0 }) { options.append("--mean \(list(preprocessing.mean))") }
    if preprocessing.std.contains(where: { $0 != 1 }) { options.append("--std \(list(preprocessing.std))") }
    options.append("--channels \(preprocessing.channels.rawValue)")
    if preprocessing.resize != .direct { options.append("--resize \(preprocessing.resize.rawValue)") }
    if preprocessing.exifOrientation { options.append("--exif-orientation") }
    return options.joined(separator: " ")
  }

  private static func number(_ value: Double) -> String {
    for denominator in [255, 127.5] where value == 1 / denominator {
      return "1/\(denominator == 255 ? "255" : "127.5")"
    }
    return value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
