import Metrics
import Texts

/// What `dermc compile` says when it is done: a handful of lines for a terminal.
package enum SummaryText {
  /// The summary, a line feed at its end.
  ///
  /// - Parameter files: paths of the files that were written, as the user should see them
  package static func make(_ report: Report, files: [String] = []) -> String {
    var table = TextTable([("", .left), ("", .left)])
    size(report, &table)
    if let text = report.byteAccountText { table.add(["bytes", text]) }
    work(report, &table)
    layers(report, &table)
    if let text = report.channels?.text { table.add(["channels", text]) }
    if let text = report.pruning?.text { table.add(["pruning", text]) }
    if let text = report.calibration?.searchText { table.add(["ranges", text]) }
    if let text = report.channelText { table.add(["", text]) }
    if let text = report.calibration?.weightText { table.add(["weights", text]) }
    if let text = report.calibration?.steps?.text { table.add(["steps", text]) }
    if let precision = report.calibration?.precision {
      table.add(["limit", precision.text])
      if let text = precision.keptText { table.add(["", text]) }
    }
    if let answer = report.answer { table.add(["answer", Printable.name(answer.description, limit: 400)]) }
    accuracy(report, &table)
    let certainty: [String] = report.uncertainty.map { UncertaintyText.lines($0) } ?? []
    for (index, line) in certainty.enumerated() {
      table.add([index == 0 ? "sureness" : "", line])
    }
    let looks: [String] = report.explanations.map { $0.lines } ?? []
    for (index, line) in looks.enumerated() { table.add([index == 0 ? "looks" : "", line]) }
    for warning in report.warnings { table.add(["warning", Printable.name(warning, limit: 400)]) }
    for (index, file) in files.enumerated() {
      table.add([index == 0 ? "written" : "", Printable.name(file, limit: 400)])
    }
    let title = [report.source.file, report.bundle?.file].compactMap { $0 }.map { Printable.name($0) }
    return ([title.joined(separator: " → ")] + table.lines(indent: 2)).joined(separator: "\n") + "\n"
  }

  private static func size(_ report: Report, _ table: inout TextTable) {
    guard let bundle = report.bundle else { return }
    let (before, after) = (report.source.bytes, bundle.bytes)
    let change =
      after <= before ? "\(Figures.factor(before, after)) smaller" : "\(Figures.factor(after, before)) larger"
    table.add(["size", "\(Figures.bytes(before)) → \(Figures.bytes(after)), \(change)"])
  }

  private static func work(_ report: Report, _ table: inout TextTable) {
    let compiled = report.compiled
    var text = "\(Figures.short(compiled.macs)) MACs"
    // A few weights are always rounded to zero.
    if Double(compiled.effectiveMACs) < 0.95 * Double(compiled.macs) {
      text += " (\(Figures.short(compiled.effectiveMACs)) by weights that are not zero)"
    }
    table.add(["work", text])
    table.add(["memory", compiled.memory.text])
  }

  private static func layers(_ report: Report, _ table: inout TextTable) {
    let int8 = report.layers.filter(\.isInt8)
    let float = report.layers.filter(\.isFloat)
    guard !report.layers.isEmpty else { return }
    var parts: [String] = []
    if !int8.isEmpty { parts.append("\(Figures.grouped(int8.count)) int8") }
    if !float.isEmpty {
      let share = report.floatShare.map { " with \(Figures.percent($0)) of the MACs" } ?? ""
      parts.append("\(Figures.grouped(float.count)) float32\(int8.isEmpty ? "" : share)")
    }
    if let worst = report.worstLayer {
      parts.append(
        "least like float: \(Printable.name(worst.name)) (\(worst.op)), \(Figures.decibels(worst.outputSQNR))")
    }
    table.add(["layers", parts.joined(separator: ", ")])
    if !int8.isEmpty {
      for layer in float.prefix(3) {
        table.add([
          "", "float32: \(Printable.name(layer.name)) (\(layer.op)): \(Printable.name(layer.reason, limit: 200))",
        ])
      }
      if float.count > 3 { table.add(["", "and \(Figures.grouped(float.count - 3)) more, see the report"]) }
    }
  }

  private static func accuracy(_ report: Report, _ table: inout TextTable) {
    guard let accuracy = report.accuracy else { return }
    let isLabelled = accuracy.data == .labelled
    var parts: [String] = []
    if let before = accuracy.float?.top1, let after = accuracy.compiled?.top1 {
      parts.append("top-1 \(Figures.percent(before)) → \(Figures.percent(after))")
    }
    if let delta = accuracy.deltas?.top1 { parts.append(Figures.points(delta)) }
    if let agreement = accuracy.agreement { parts.append("agreement \(Figures.percent(agreement.value))") }
    if !isLabelled, let level = accuracy.outputSQNR { parts.append("output SQNR \(Figures.decibels(level))") }
    let overall = parts.joined(separator: ", ") + " on \(Figures.count(accuracy.samples, accuracy.data.noun))"
    let answers = AnswersText.summary(accuracy)
    if accuracy.binary != nil, let first = answers.first {
      // Of a finding that counts which is found and which is not; how often both are right says little of rare ones.
      table.add(["accuracy", first])
      for line in answers.dropFirst() + [overall] { table.add(["", line]) }
      return
    }
    table.add(["accuracy", overall])
    if let worst = accuracy.worstRecall {
      let change =
        if let before = worst.before?.recall, let after = worst.after?.recall {
          "recall \(Figures.percent(before)) → \(Figures.percent(after)), "
        } else {
          "recall "
        }
      let samples = worst.before.map { " on \(Figures.count($0.support, "image"))" } ?? ""
      table.add([
        "", "\(Printable.name(worst.delta.name)) lost most: \(change)\(Figures.points(worst.delta.recall))\(samples)",
      ])
    } else if accuracy.deltas?.perClass.contains(where: { $0.recall != nil }) == true {
      table.add(["", "no class lost recall"])
    }
    for delta in accuracy.provenLosses.filter({ $0.name != accuracy.worstRecall?.delta.name }).prefix(3) {
      table.add([
        "", "\(Printable.name(delta.name)) lost recall too, more than chance explains: \(Figures.points(delta.recall))",
      ])
    }
    for line in answers { table.add(["", line]) }
  }
}

extension Report.PruningSummary {
  /// In words: `obs: 50.0 % of 2,190,000 weights are zero`.
  var text: String {
    let share = weights == 0 ? 0 : Double(zeros) / Double(weights)
    return "\(method): \(Figures.percent(share)) of \(Figures.count(weights, "weight")) are zero"
  }
}

extension Report.ChannelSummary {
  /// In words: `obs: 2,104 of 7,096 removed, 55.1 M of 78.8 M MACs left`.
  var text: String {
    "\(method): \(Figures.grouped(removed)) of \(Figures.grouped(channels)) removed, "
      + "\(Figures.short(macs)) of \(Figures.short(macsBefore)) MACs left"
  }
}

extension Report {
  /// Whether channels were equalized, where that was judged or asked for.
  var channelText: String? {
    guard let calibration else { return nil }
    if let text = calibration.channelSearch?.text(chosen: calibration.channels) { return "channels \(text)" }
    guard recipe?.equalizes == true else { return nil }
    return calibration.equalizedLayers > 0
      ? "channels equalized: of \(Figures.count(calibration.equalizedLayers, "layer"))"
      : "channels as they are: no layer has what can be equalized"
  }
}

extension Report.CalibrationSummary {
  /// How ranges were chosen.
  var searchText: String? { search?.text(chosen: estimator) ?? partsText.map { "\(estimator), of \($0)" } }

  /// Where samples were counted before, how many in how many parts.
  package var partsText: String? {
    guard let parts else { return nil }
    let moments = momentParts.map { ", second moments gathered in \(Figures.count($0, "part"))" } ?? ""
    return "\(Figures.count(samples, "sample")) counted in \(Figures.count(parts, "part"))\(moments)"
  }

  /// The name a candidate of that search has.
  var channels: String { equalizedLayers > 0 ? "equalized" : "as they are" }

  /// How weights were rounded and what biases make up for.
  var weightText: String? { weightSearch?.text(chosen: weights) }

  /// The name a candidate of that search has.
  var weights: String { "\(rounding) + \(biases)" }
}

extension Report.SearchSummary {
  /// What was chosen, in words: `l3: KL 0.00052 from float on 64 samples (l4 0.00070, mse 0.00081)`.
  func text(chosen name: String) -> String? {
    guard let chosen = candidates.first(where: { $0.name == name }) else { return nil }
    let others = candidates.filter { $0.name != name }.map { "\($0.name) \(Figures.decimal($0.cost, 5))" }
    return "\(name): \(measure) \(Figures.decimal(chosen.cost, 5)) on "
      + "\(Figures.count(samples, "sample")) (\(others.joined(separator: ", ")))"
  }

  var measure: String { isDivergence ? "KL" : "squared error" }
}

extension Report.StepSearchSummary {
  /// What was chosen, in words: `KL 0.00080 from float on 64 samples (0.00044 with the steps of plain int8)`.
  var text: String? {
    guard candidates.indices.contains(chosen), let cost = candidates[chosen].cost else { return nil }
    let first = chosen == 0 ? nil : candidates[0].cost
    let plain = first.map { " (\(Figures.decimal($0, 5)) with the steps of plain int8)" } ?? ""
    return "\(measure) \(Figures.decimal(cost, 5)) from float on \(Figures.count(samples, "sample"))\(plain)"
  }

  var measure: String { isDivergence ? "KL" : "squared error" }
}

extension Report {
  /// The share of the MACs that float layers do; nil where they do none.
  package var floatShare: Double? {
    let float = layers.reduce(0) { $0 + ($1.isFloat ? $1.macs : 0) }
    return float > 0 ? Double(float) / Double(layers.reduce(0) { $0 + $1.macs }) : nil
  }

  /// The layer whose output is least like the float model's.
  package var worstLayer: LayerReport? {
    layers.filter { $0.outputSQNR != nil }
      .min { ($0.outputSQNR ?? .infinity) < ($1.outputSQNR ?? .infinity) }
  }
}
