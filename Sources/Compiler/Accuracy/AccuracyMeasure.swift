import Metrics
package import Reports
package import Tensors

/// Metrics of one model, or of two on the same samples, as reports hold them.
package struct AccuracyMeasure {
  /// Classes with longer lists get no curves in reports, which grow with them.
  private static let curveLimit = 16

  private let float: MeasuredModel?
  private let compiled: MeasuredModel
  private let request: MeasureRequest
  /// A name for each class or label.
  private let names: [String]
  private var report: AccuracyReport

  /// Two models on the same samples, with intervals of the differences where right answers are known.
  package static func pair(
    float: MeasuredModel, compiled: MeasuredModel, _ request: MeasureRequest
  ) throws(Refusal) -> AccuracyReport {
    var measure = AccuracyMeasure(float: float, compiled: compiled, request)
    return try measure.measured()
  }

  /// One model against the right answers: the report's `compiled`.
  package static func single(_ model: MeasuredModel, _ request: MeasureRequest) throws(Refusal) -> AccuracyReport {
    var measure = AccuracyMeasure(float: nil, compiled: model, request)
    return try measure.measured()
  }

  private init(float: MeasuredModel?, compiled: MeasuredModel, _ request: MeasureRequest) {
    self.float = float
    self.compiled = compiled
    self.request = request
    let count = compiled.answers.probabilities.first?.count ?? 0
    names = request.classes + (min(request.classes.count, count)..<count).map { "\($0)" }
    report = AccuracyReport(data: request.data, samples: compiled.outputs.count)
    report.task = request.task
    report.groups = request.groups.map { AccuracyReport.Groups(name: $0.name, count: $0.count) }
  }

  private mutating func measured() throws(Refusal) -> AccuracyReport {
    switch compiled.answers {
    case .classes(let probabilities, let predictions):
      try measureClasses(
        Scores(outputs: compiled.outputs, probabilities: probabilities, predictions: predictions))
    case .labels(let probabilities, let decisions):
      try measureLabels(
        MultiLabelScores(outputs: compiled.outputs, probabilities: probabilities, decisions: decisions))
    case .none:
      guard let float else { throw .nothingToMeasure }
      fill(try OutputDistance(of: compiled.outputs, from: float.outputs))
    }
    return report
  }

  // MARK: Classes

  private mutating func measureClasses(_ compiled: Scores) throws(Refusal) {
    var float: Scores?
    if let model = self.float {
      guard case .classes(let probabilities, let predictions) = model.answers else { throw .differentAnswers }
      float = try Scores(outputs: model.outputs, probabilities: probabilities, predictions: predictions)
    }
    guard case .classes(let truth)? = request.truth else {
      guard let float else { return }
      let comparison = try Comparison(
        float: float, compiled: compiled, labels: nil, classNames: [], groups: request.groups,
        bootstrap: request.bootstrap)
      fill(comparison)
      report.widenUnchanged(all: request.groups?.count)
      return
    }
    report.classes = names
    let samples = try LabelledScores(compiled, labels: truth)
    if let float {
      let comparison = try Comparison(
        float: float, compiled: compiled, labels: truth, classNames: names, specificities: request.specificities,
        groups: request.groups, bootstrap: request.bootstrap)
      fill(comparison)
      if let labelled = comparison.labelled {
        report.float = labelled.float
        report.compiled = labelled.compiled
        report.deltas = labelled.deltas
        report.mcNemarP = labelled.mcNemarP
      }
    } else {
      report.compiled = try ModelAccuracy(samples, classNames: names, specificities: request.specificities)
    }
    let units = names.indices.map { index in
      BinaryUnits(
        isPositive: truth.map { $0 == index }, decisions: compiled.predictions.map { $0 == index },
        groups: request.groups)
    }
    report.widenUnchanged(all: request.groups?.count, units: units)
    if let positive = request.positive {
      try measure(positive: positive, float, compiled, truth, units)
    } else {
      try measureSubgroups(float: float?.predictions, compiled: compiled.predictions) {
        .classes(truth: truth, decisions: $0, count: compiled.classCount)
      }
    }
    drawCurves(float, compiled, truth)
  }

  private mutating func measure(
    positive: Int, _ float: Scores?, _ compiled: Scores, _ truth: [Int], _ units: [BinaryUnits]
  ) throws(Refusal) {
    guard compiled.classCount == 2, names.indices.contains(positive) else { throw .notBinary(compiled.classCount) }
    let isPositive = truth.map { $0 == positive }
    func outcomes(_ scores: Scores) throws(Refusal) -> BinaryOutcomes {
      try BinaryOutcomes(
        isPositive: isPositive, probabilities: scores.column(positive),
        decisions: scores.predictions.map { $0 == positive })
    }
    let after = try outcomes(compiled)
    let before = try float.map { float throws(Refusal) in try outcomes(float) }
    report.positive = names[positive]
    fill(request.thresholds)
    var binary = try BinaryComparison(
      float: before, compiled: after, groups: request.groups, bootstrap: request.bootstrap)
    binary.widenUnchanged(units[positive])
    report.binary = binary
    try measureSubgroups(float: before?.decisions, compiled: after.decisions) {
      .binary(truth: isPositive, decisions: $0)
    }
  }

  private mutating func drawCurves(_ float: Scores?, _ compiled: Scores, _ truth: [Int]) {
    let positive = request.positive
    let classes = positive.map { [$0] } ?? Array(names.indices)
    guard classes.count <= AccuracyMeasure.curveLimit else { return }
    func curves(_ scores: Scores) -> CurvesReport {
      CurvesReport(
        classes: classes.map { index in
          let curve = OperatingCurve(isPositive: truth.map { $0 == index }, probabilities: scores.column(index))
          return CurvesReport.Class(names[index], roc: curve.roc(), precisionRecall: curve.precisionRecall())
        },
        reliability: positive.map { positive in
          ReliabilityBin.bins(scores.column(positive), isRight: truth.map { $0 == positive })
        } ?? scores.reliability(labels: truth))
    }
    report.curves = AccuracyReport.Curves(float: float.map(curves), compiled: curves(compiled))
  }

  // MARK: Labels

  private mutating func measureLabels(_ compiled: MultiLabelScores) throws(Refusal) {
    report.classes = names
    fill(request.thresholds)
    var float: MultiLabelScores?
    var agreements: [Estimate] = []
    if let model = self.float {
      guard case .labels(let probabilities, let decisions) = model.answers else { throw .differentAnswers }
      let scores = try MultiLabelScores(outputs: model.outputs, probabilities: probabilities, decisions: decisions)
      let divergence = try MultiLabelDivergence(
        of: compiled, from: scores, groups: request.groups, bootstrap: request.bootstrap)
      report.agreement = divergence.agreement
      report.divergence = divergence.kl
      fill(divergence.distance)
      let margin = BinaryUnits.margin(request.groups?.count ?? report.samples)
      agreements = divergence.labels.map { $0.widened(margin: margin, to: 0...1) }
      float = scores
    }
    func agreeing(_ comparison: MultiLabelComparison) -> MultiLabelComparison {
      var comparison = comparison
      for (index, agreement) in agreements.enumerated() where comparison.labels.indices.contains(index) {
        comparison.labels[index].agreement = agreement
      }
      return comparison
    }
    guard case .labels(let truth)? = request.truth else {
      report.multilabel = agreeing(MultiLabelComparison(labels: names.map { .init($0) }))
      report.widenUnchanged(all: request.groups?.count)
      return
    }
    let after = try MultiLabelOutcomes(compiled, truth: truth)
    let before = try float.map { float throws(Refusal) in try MultiLabelOutcomes(float, truth: truth) }
    var comparison = try MultiLabelComparison(
      names, float: before, compiled: after, groups: request.groups, bootstrap: request.bootstrap)
    // The tables of classes are those of labels, so that what is said and limited per class holds for labels too.
    report.float = (before?.measures).map { ModelAccuracy($0, names) }
    report.compiled = ModelAccuracy(after.measures, names)
    report.deltas = AccuracyEstimates(comparison)
    let units = after.labels.map {
      BinaryUnits(isPositive: $0.isPositive, decisions: $0.decisions, groups: request.groups)
    }
    for (index, units) in units.enumerated() { comparison.labels[index].measures?.widenUnchanged(units) }
    report.multilabel = agreeing(comparison)
    report.widenUnchanged(all: request.groups?.count, units: units)
    try measureSubgroups(float: float?.decisions, compiled: compiled.decisions) {
      .labels(truth: truth, decisions: $0)
    }
    drawCurves(float, compiled, truth)
  }

  private mutating func drawCurves(_ float: MultiLabelScores?, _ compiled: MultiLabelScores, _ truth: [[Bool]]) {
    guard names.count <= AccuracyMeasure.curveLimit else { return }
    func curves(_ scores: MultiLabelScores) -> CurvesReport {
      CurvesReport(
        classes: names.indices.map { index in
          let curve = OperatingCurve(
            isPositive: truth.map { $0[index] }, probabilities: scores.probabilities.map { $0[index] })
          return CurvesReport.Class(names[index], roc: curve.roc(), precisionRecall: curve.precisionRecall())
        },
        reliability: ReliabilityBin.bins(scores.probabilities.flatMap { $0 }, isRight: truth.flatMap { $0 }))
    }
    report.curves = AccuracyReport.Curves(float: float.map(curves), compiled: curves(compiled))
  }

  // MARK: Parts of the report

  private mutating func measureSubgroups<Decision>(
    float: [Decision]?, compiled: [Decision], _ decided: ([Decision]) -> DecidedSamples
  ) throws(Refusal) {
    report.subgroups = try Subgroup.all(
      request.subgroups, float: float.map(decided), compiled: decided(compiled), samples: compiled.count,
      groups: request.groups, bootstrap: request.bootstrap)
  }

  private mutating func fill(_ thresholds: [Threshold]) {
    report.thresholds = thresholds.map(\.value)
    for case .chosen(let choice) in thresholds.map(\.origin) { report.thresholdChoice = choice.text }
  }

  private mutating func fill(_ comparison: Comparison) {
    let divergence = comparison.divergence
    report.agreement = comparison.agreement ?? Estimate(divergence.agreement)
    report.divergence = divergence.kl
    fill(divergence.distance)
  }

  private mutating func fill(_ distance: OutputDistance) {
    report.outputSQNR = distance.sqnr.isFinite ? distance.sqnr : nil
    report.cosine = distance.cosine
    report.maximumRelativeError = distance.maximumRelativeError.isFinite ? distance.maximumRelativeError : nil
  }
}

extension MeasuredModel.Answers {
  fileprivate var probabilities: [[Double]] {
    switch self {
    case .classes(let probabilities, _), .labels(let probabilities, _): probabilities
    case .none: []
    }
  }
}
