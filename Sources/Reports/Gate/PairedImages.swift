import Metrics
import Tensors
import Texts

/// What two builds answer to the same images.
struct PairedImages: Sendable {
  let baseline: DrawnReport
  let current: DrawnReport
  let count: Int
  /// The images, in the order of the later report.
  let files: [String]
  /// Which images belong together.
  let groups: SampleGroups?

  /// Nil where one of the reports does not tell of images.
  ///
  /// - Parameter files: what errors call the two reports
  /// - Throws: where they tell of other images, or of other right answers.
  init?(_ report: Report, _ current: Report, _ files: (baseline: String, current: String)) throws(Refusal) {
    guard let before = report.predictions, let after = current.predictions else { return nil }
    var places: [String: Int] = [:]
    for (place, file) in before.files.enumerated() { places[file] = place }
    var order: [Int] = []
    for (position, file) in after.files.enumerated() {
      guard let place = places[file] else {
        throw Refusal(
          file: files.current, reason: "tells of the image \(Printable.name(file)), the baseline \(files.baseline) not",
          remedy: "compile again with the same --eval data")
      }
      guard before.labels[place] == after.labels[position] else {
        throw Refusal(
          file: files.current,
          reason: "has another label for \(Printable.name(file)) than the baseline \(files.baseline)",
          remedy: "compile again with the same --eval data")
      }
      order.append(place)
    }
    guard before.files.count == after.files.count else {
      throw Refusal(
        file: files.current,
        reason: "tells of \(after.files.count) images, the baseline \(files.baseline) of \(before.files.count)",
        remedy: "compile again with the same --eval data")
    }
    count = after.files.count
    self.files = after.files
    do throws(Refusal) {
      baseline = try DrawnReport(report, before, order)
    } catch { throw error.of(file: files.baseline) }
    do throws(Refusal) {
      self.current = try DrawnReport(current, after, Array(after.files.indices))
    } catch { throw error.of(file: files.current) }
    groups = after.groups.map { groups in
      SampleGroups(current.accuracy?.groups?.name ?? "group", of: groups.map { "\($0)" })
    }
  }

  /// What intervals are drawn over, in words: `210 images`, `150 lesion_id`.
  var unitsText: String {
    groups.map { "\(Figures.grouped($0.count)) \(Printable.name($0.name))" } ?? Figures.count(count, "image")
  }

  /// McNemar's exact test of a share: over images that exactly one of the builds counts; where images belong together
  /// over groups of which one build counts more, which is the sign test. Nil where a build does not tell.
  func test(_ counted: Counted, class name: String?) -> (p: Double, units: Int, text: String)? {
    guard let before = baseline.counts(counted, name), let after = current.counts(counted, name) else { return nil }
    var (units, net) = (0, [Int](repeating: 0, count: groups?.count ?? count))
    var seen = [Bool](repeating: false, count: net.count)
    for (sample, counts) in zip(before, after).enumerated() {
      guard let was = counts.0, let isNow = counts.1 else { continue }
      let unit = groups?.indices[sample] ?? sample
      if !seen[unit] { units += 1 }
      seen[unit] = true
      net[unit] += (isNow ? 1 : 0) - (was ? 1 : 0)
    }
    let (lost, won) = (net.count { $0 < 0 }, net.count { $0 > 0 })
    let p = McNemar.pValue(onlyFirstRight: lost, onlySecondRight: won)
    let noun = groups.map { "\(Figures.grouped(units)) \(Printable.name($0.name))" } ?? Figures.count(units, "image")
    let test = groups == nil ? "McNemar's exact test" : "exact sign test"
    let chance = p < 1e-6 ? "p < 0.000001" : "p \(Figures.significant(p))"
    return (p, units, "paired on \(noun), \(lost) lost, \(won) won, \(test) \(chance)")
  }
}

/// A report of which all that follows from answers can be had for any draw of the images.
struct DrawnReport: Sendable {
  private let report: Report
  private let compiled: DrawnModel
  private let float: DrawnModel?
  private let certainty: DrawnCertainty?
  private let subgroups: DrawnSubgroups
  /// The right classes of each image, and those decided for.
  let labels: [[Int]]
  let decided: [[Int]]
  private let reference: [[Int]]?

  /// - Parameter order: of the images
  init(_ report: Report, _ samples: AnsweredSamples, _ order: [Int]) throws(Refusal) {
    guard let accuracy = report.accuracy else { throw Refusal("tells of images, but of no accuracy") }
    labels = order.map { samples.labels[$0].sorted() }
    decided = order.map { samples.compiled.decided[$0].sorted() }
    reference = samples.float.map { float in order.map { float.decided[$0].sorted() } }
    compiled = try DrawnReport.model(accuracy, samples.compiled, samples.labels, order)
    float = try samples.float.map { float throws(Refusal) in
      try DrawnReport.model(accuracy, float, samples.labels, order)
    }
    certainty = try samples.certainty.map { certainty throws(Refusal) in
      try DrawnCertainty(certainty, of: samples, report, order)
    }
    subgroups = try DrawnSubgroups(
      samples.columns.map { column in SubgroupColumn(column.name, values: order.map { column.values[$0] }) },
      float: float?.decided, compiled: compiled.decided, samples: order.count)
    // What is not drawn anew must not be taken for it.
    var template = report
    template.predictions = nil
    template.uncertainty?.measured = nil
    template.accuracy = AccuracyReport(data: accuracy.data, samples: accuracy.samples, classes: accuracy.classes)
    template.accuracy?.positive = accuracy.positive
    template.accuracy?.multilabel = accuracy.multilabel.map { _ in MultiLabelComparison(labels: []) }
    self.report = template
  }

  private static func model(
    _ accuracy: AccuracyReport, _ answers: AnsweredSamples.Answers, _ labels: [[Int]], _ order: [Int]
  ) throws(Refusal) -> DrawnModel {
    let names = accuracy.classes
    let probabilities = order.map { answers.probabilities[$0] }
    // Distances of outputs are not drawn.
    let outputs = order.map { _ in [Float]() }
    if accuracy.multilabel != nil {
      func flags(_ indices: [[Int]]) -> [[Bool]] {
        order.map { sample in names.indices.map { indices[sample].contains($0) } }
      }
      return try DrawnModel(
        MultiLabelScores(outputs: outputs, probabilities: probabilities, decisions: flags(answers.decided)),
        truth: flags(labels), names: names)
    }
    func one(_ indices: [[Int]], _ what: String) throws(Refusal) -> [Int] {
      try order.map { sample throws(Refusal) in
        guard indices[sample].count == 1, let first = indices[sample].first else {
          throw Refusal("predictions: \(what) of an image are \(indices[sample].count), not 1")
        }
        return first
      }
    }
    let scores = try Scores(
      outputs: outputs, probabilities: probabilities, predictions: one(answers.decided, "decisions"))
    var specificities: [Int: Double] = [:]
    for (index, figures) in (accuracy.compiled?.perClass ?? []).enumerated() {
      specificities[index] = figures.sensitivityAtSpecificity?.specificity
    }
    return try DrawnModel(
      LabelledScores(scores, labels: one(labels, "labels")), classNames: names, specificities: specificities,
      positive: accuracy.positive.flatMap { names.firstIndex(of: $0) })
  }

  /// The report where each image stands `weights[image]` times.
  ///
  /// - Parameter tellsCertainty: whether how sure answers are is asked for, which takes time
  func report(weights: [Int], tellsCertainty: Bool = false) -> Report {
    var drawn = report
    if tellsCertainty { drawn.uncertainty?.measured = certainty?.measured(weights: weights) }
    let after = compiled.measures(weights: weights)
    let before = float?.measures(weights: weights)
    drawn.accuracy?.compiled = after.accuracy
    drawn.accuracy?.float = before?.accuracy
    drawn.accuracy?.deltas = before.map { Self.deltas($0.accuracy, after.accuracy) }
    drawn.accuracy?.binary = after.binary.map { Self.comparison(before?.binary, $0) }
    drawn.accuracy?.multilabel?.macro = after.macro.map { Self.comparison(before?.macro, $0) }
    drawn.accuracy?.subgroups = subgroups.subgroups(weights: weights)
    if let reference {
      var (alike, all) = (0, 0)
      for (sample, weight) in weights.enumerated() {
        all += weight
        if decided[sample] == reference[sample] { alike += weight }
      }
      drawn.accuracy?.agreement = Estimate(Double(alike) / Double(all))
    }
    return drawn
  }

  private static func deltas(_ before: ModelAccuracy, _ after: ModelAccuracy) -> AccuracyEstimates {
    func delta(_ before: Double?, _ after: Double?) -> Estimate? {
      before.flatMap { before in after.map { Estimate($0 - before) } }
    }
    return AccuracyEstimates(
      top1: delta(before.top1, after.top1), macroF1: delta(before.macroF1, after.macroF1),
      auc: delta(before.auc, after.auc), balancedAccuracy: delta(before.balancedAccuracy, after.balancedAccuracy),
      perClass: zip(before.perClass, after.perClass).map { before, after in
        ClassEstimates(
          after.name, recall: delta(before.recall, after.recall), precision: delta(before.precision, after.precision),
          auc: delta(before.auc, after.auc), specificity: delta(before.specificity, after.specificity),
          sensitivityAtSpecificity: delta(
            before.sensitivityAtSpecificity?.sensitivity, after.sensitivityAtSpecificity?.sensitivity))
      })
  }

  private static func comparison(_ before: BinaryFigures?, _ after: BinaryFigures) -> BinaryComparison {
    var deltas: [BinaryMeasure: Estimate] = [:]
    for (measure, value) in after.values {
      deltas[measure] = before?.values[measure].map { Estimate(value - $0) }
    }
    return BinaryComparison(float: before, compiled: after, deltas: deltas)
  }

  /// For each image whether it counts; nil for one that is not asked of. Nil where the report does not tell.
  ///
  /// - Parameter name: of the class; nil for the positive one
  func counts(_ counted: Counted, _ name: String?) -> [Bool?]? {
    switch counted {
    case .right: return zip(labels, decided).map { $0 == $1 }
    case .agreeing: return reference.map { zip($0, decided).map { $0 == $1 } }
    case .found, .spared:
      guard let positive = name ?? report.accuracy?.positive,
        let index = report.accuracy?.classes.firstIndex(of: positive)
      else { return nil }
      return zip(labels, decided).map { labels, decided in
        let isOwn = labels.contains(index)
        guard isOwn == (counted == .found) else { return nil }
        return decided.contains(index) == isOwn
      }
    case .covered:
      guard let name else { return certainty?.isCovered }
      guard let index = report.accuracy?.classes.firstIndex(of: name) else { return nil }
      return certainty.map { zip(labels, $0.isCovered).map { $0.contains(index) ? $1 : nil } }
    case .answered: return certainty?.isAnswered
    }
  }
}
