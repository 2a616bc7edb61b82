import Answers
import Metrics
import Platform
import Reports
import Tensors

/// How a model's answers fit the labels of some samples.
struct LabelledFit: Sendable {
  /// The order of classes they are measured in, where it is not the one given: see `OrderSuspicion`.
  let order: ClassOrder?
  let top1: Estimate
  /// The mean recall of the classes that have samples.
  let balanced: Estimate?
  /// Of a finding: the area under its ROC curve.
  let auc: Estimate?
  /// The negative log-likelihood of each sample's label, nats.
  let losses: [Double]
  /// Why the answers are no better than chance; nil where they are better.
  let chance: String?

  /// The mean of the losses. That of a model that knows nothing is the logarithm of the number of classes, not more.
  let loss: Double

  private static let resamples = 400

  /// - Parameters:
  ///   - rows: the model's numbers for each sample
  ///   - labels: classes in the order given
  init(_ rows: [[Float]], labels: [Int], meaning: OutputMeaning, classes: [String]) throws(Refusal) {
    let scores = rows.map { LabelledFit.logarithms($0, meaning) }
    let count = meaning.classCount
    let answers = scores.map { row in row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 } }
    func confusion(_ labels: [Int]) -> [[Int]] {
      var counts = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
      for (label, answer) in zip(labels, answers) { counts[label][answer] += 1 }
      return counts
    }
    var counts = confusion(labels)
    order = OrderSuspicion.better(confusion: counts, classes: classes)
    var labels = labels
    if let order {
      var outputs = [Int](repeating: 0, count: count)
      for (output, label) in order.classes.enumerated() { outputs[label] = output }
      labels = labels.map { outputs[$0] }
      counts = confusion(labels)
    }
    let losses = LabelledFit.losses(scores, labels)
    self.losses = losses
    loss = losses.reduce(0, +) / Double(max(1, losses.count))
    let right = zip(labels, answers).count { $0 == $1 }
    top1 = Estimate(share: right, of: labels.count)
    let bootstrap = Bootstrap(resamples: LabelledFit.resamples)
    balanced = bootstrap.intervals(samples: labels.count) { weights in
      var (own, all) = ([Int](repeating: 0, count: count), [Int](repeating: 0, count: count))
      for (sample, weight) in weights.enumerated() {
        all[labels[sample]] += weight
        if labels[sample] == answers[sample] { own[labels[sample]] += weight }
      }
      let present = all.indices.filter { all[$0] > 0 }
      return [present.reduce(0.0) { $0 + Double(own[$1]) / Double(all[$1]) } / Double(max(1, present.count))]
    }.first.flatMap { $0 }
    var names = classes
    if let order { names = order.classes.map(classes.className) }
    guard meaning.task == .binary else {
      auc = nil
      chance = ChanceSuspicion.sentence(confusion: counts, classes: names)
      return
    }
    // Only their order counts, which probabilities near 0 and 1 would lose.
    let odds = scores.map { meaning.positive == 1 ? $0[1] - $0[0] : $0[0] - $0[1] }
    let outcomes = try BinaryOutcomes(
      isPositive: labels.map { $0 == meaning.positive }, probabilities: LabelledFit.ranks(odds),
      decisions: odds.map { $0 > 0 })
    auc = try BinaryComparison(float: nil, compiled: outcomes, bootstrap: bootstrap).intervals[.rocAUC]
    chance = auc.flatMap { ChanceSuspicion.sentence(auc: $0) ?? OrderSuspicion.sentence(auc: $0, classes: names) }
  }

  /// The place of each value among all, from 0 to below 1; that of equal values is one.
  private static func ranks(_ values: [Double]) -> [Double] {
    var ranks = [Double](repeating: 0, count: values.count)
    var (last, rank) = (-Double.infinity, 0.0)
    for (place, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
      if values[index] != last { rank = Double(place) / Double(values.count) }
      (last, ranks[index]) = (values[index], rank)
    }
    return ranks
  }

  /// What softmax makes the probabilities of the classes from. Labels of a multi-label model are taken for classes
  /// here, as there is one label for each sample.
  private static func logarithms(_ row: [Float], _ meaning: OutputMeaning) -> [Double] {
    guard row.allSatisfy(\.isFinite) else { return [Double](repeating: 0, count: meaning.classCount) }
    func logarithm(_ p: Double) -> Double { log(max(p, 1e-12)) }
    switch (meaning.scores, meaning.isSingleScore) {
    case (.logits, false): return row.map(Double.init)
    case (.logits, true): return [0, Double(row[0])]
    case (.probabilities, true): return [logarithm(1 - Double(row[0])), logarithm(Double(row[0]))]
    case (.probabilities, false) where meaning.task == .multilabel:
      return row.map { logarithm(Double($0)) - logarithm(1 - Double($0)) }
    case (.probabilities, false): return row.map { logarithm(Double($0)) }
    }
  }

  /// Losses at the temperature at which their mean is least: inputs of the wrong size make a model too sure or too
  /// unsure of itself, which says less than what it answers (Guo et al., 2017). The mean has one minimum in the inverse
  /// of the temperature, found by the golden section.
  private static func losses(_ scores: [[Double]], _ labels: [Int]) -> [Double] {
    func losses(_ logarithm: Double) -> [Double] {
      let inverse = exp(logarithm)
      return zip(scores, labels).map { row, label in
        let highest = row.max() ?? 0
        return log(row.reduce(0.0) { $0 + exp(inverse * ($1 - highest)) }) - inverse * (row[label] - highest)
      }
    }
    func mean(_ logarithm: Double) -> Double { losses(logarithm).reduce(0, +) }
    let section = (5.0.squareRoot() - 1) / 2
    var (low, high) = (-12.0, 4.0)
    var (left, right) = (high - section * (high - low), low + section * (high - low))
    var (atLeft, atRight) = (mean(left), mean(right))
    for _ in 0..<24 {
      if atLeft < atRight {
        (high, right, atRight) = (right, left, atLeft)
        left = high - section * (high - low)
        atLeft = mean(left)
      } else {
        (low, left, atLeft) = (left, right, atRight)
        right = low + section * (high - low)
        atRight = mean(right)
      }
    }
    return losses((low + high) / 2)
  }
}
