/// What a model would get wrong if it answered only where it is surest: the risk for each share of samples answered.
///
/// Geifman, El-Yaniv, "Selective Classification for Deep Neural Networks", 2017.
package struct RiskCoverage: Sendable {
  /// Samples by falling confidence.
  private let order: [Int]
  private let confidences: [Float]
  private let isRight: [Bool]

  /// - Parameters:
  ///   - confidences: how sure the model is of its answer to each sample
  ///   - isRight: whether the answer is right
  package init(confidences: [Float], isRight: [Bool]) {
    self.confidences = confidences
    self.isRight = isRight
    order = confidences.indices.sorted { (confidences[$1], $0) < (confidences[$0], $1) }
  }

  /// Samples of one confidence: those before them, the errors among these, and their own.
  private struct Level {
    let confidence: Float
    var before = 0
    var errorsBefore = 0
    var count = 0
    var errors = 0
  }

  private func levels(_ weights: [Int]?) -> [Level] {
    var levels: [Level] = []
    for sample in order {
      let weight = weights?[sample] ?? 1
      guard weight > 0 else { continue }
      if levels.last?.confidence != confidences[sample] {
        let last = levels.last
        levels.append(
          Level(
            confidence: confidences[sample], before: last.map { $0.before + $0.count } ?? 0,
            errorsBefore: last.map { $0.errorsBefore + $0.errors } ?? 0))
      }
      levels[levels.count - 1].count += weight
      levels[levels.count - 1].errors += isRight[sample] ? 0 : weight
    }
    return levels
  }

  /// The area under the curve (AURC): the mean over k of the risk of the k surest samples, where samples of one
  /// confidence come in random order. Nil where there are none.
  ///
  /// - Parameter weights: how often each sample stands; nil for once
  package func area(weights: [Int]? = nil) -> Double? {
    let levels = levels(weights)
    guard let last = levels.last else { return nil }
    var sum = 0.0
    for level in levels {
      let step = Double(level.errors) / Double(level.count)
      for more in 1...level.count {
        sum += (Double(level.errorsBefore) + step * Double(more)) / Double(level.before + more)
      }
    }
    return sum / Double(last.before + last.count)
  }

  /// What the area is above the least that as many errors allow (E-AURC), all of them coming last (Geifman, Uziel,
  /// El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers", 2019).
  package func excessArea(weights: [Int]? = nil) -> Double? {
    guard let area = area(weights: weights), let last = levels(weights).last else { return nil }
    let (count, errors) = (last.before + last.count, last.errorsBefore + last.errors)
    let least = (0..<errors).reduce(0.0) { $0 + Double($1 + 1) / Double(count - errors + $1 + 1) }
    return area - least / Double(count)
  }

  /// A point of the curve: samples answered from a confidence on, and the share of these answers that is wrong.
  package struct Point: Sendable, Equatable {
    package let coverage: Double
    package let risk: Double
    /// The lowest confidence that is answered.
    package let confidence: Double

    package init(coverage: Double, risk: Double, confidence: Double) {
      self.coverage = coverage
      self.risk = risk
      self.confidence = confidence
    }
  }

  /// The curve, at most so many points of it, the last one always.
  package func curve(atMost most: Int = 100) -> [Point] {
    let levels = levels(nil)
    guard let last = levels.last else { return [] }
    let total = Double(last.before + last.count)
    let kept = levels.count <= most ? Array(levels.indices) : (1...most).map { $0 * levels.count / most - 1 }
    return kept.map { index in
      let level = levels[index]
      let (count, errors) = (level.before + level.count, level.errorsBefore + level.errors)
      return Point(
        coverage: Double(count) / total, risk: Double(errors) / Double(count), confidence: Double(level.confidence))
    }
  }

  // MARK: A threshold for a risk

  /// From which confidence on answers are wrong in at most a stated share of cases.
  package struct Threshold: Sendable, Equatable {
    package let confidence: Float
    /// Samples at or above it, and the wrong answers among them.
    package let answered: Int
    package let errors: Int
    /// The share of wrong answers that is not exceeded, with the certainty that was asked for.
    package let bound: Double

    package init(confidence: Float, answered: Int, errors: Int, bound: Double) {
      self.confidence = confidence
      self.answered = answered
      self.errors = errors
      self.bound = bound
    }
  }

  /// The threshold that answers most samples while the risk on new ones is at most `risk`, which holds in a share
  /// `certainty` of draws of these samples; nil where nothing that was tried holds it.
  ///
  /// Selection with guaranteed risk (Geifman, El-Yaniv, 2017): ceil(log2 n) thresholds are tried, and their bounds
  /// (`BinomialBound`) share 1 - certainty among them, so that all hold at once and the best may be taken. The
  /// thresholds leave evenly spread shares of samples, rather than being searched for by bisection, which goes astray
  /// where few samples cannot show what more of them could.
  package func threshold(risk: Double, certainty: Double) -> Threshold? {
    let levels = levels(nil)
    guard let last = levels.last else { return nil }
    let total = last.before + last.count
    var count = 1
    while 1 << count < total { count += 1 }
    let outside = (1 - certainty) / Double(count)
    for step in (1...count).reversed() {
      let least = max(1, step * total / count)
      guard let level = levels.first(where: { $0.before + $0.count >= least }) else { continue }
      let (answered, errors) = (level.before + level.count, level.errorsBefore + level.errors)
      let bound = BinomialBound.upper(errors, of: answered, outside: outside)
      if bound <= risk {
        return Threshold(confidence: level.confidence, answered: answered, errors: errors, bound: bound)
      }
    }
    return nil
  }
}
