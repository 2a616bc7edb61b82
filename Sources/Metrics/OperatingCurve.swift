/// What every threshold on a probability would give: the counts behind ROC and precision-recall curves.
package struct OperatingCurve: Sendable, Equatable {
  /// The samples that reach a threshold.
  package struct Step: Sendable, Equatable {
    package let threshold: Double
    package let truePositives: Int
    package let falsePositives: Int
  }

  /// A point of a picture, x and y from 0 to 1.
  package struct Point: Sendable, Equatable {
    package let x: Double
    package let y: Double

    package init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// A step for each probability there is, from the highest down.
  package let steps: [Step]
  package let positives: Int
  package let negatives: Int

  /// - Parameter isPositive: as many as probabilities
  package init(isPositive: [Bool], probabilities: [Double]) {
    let order = zip(probabilities, isPositive).sorted { $0.0 > $1.0 }
    var steps: [Step] = []
    var (own, others) = (0, 0)
    for (index, (probability, isPositive)) in order.enumerated() {
      if isPositive { own += 1 } else { others += 1 }
      guard index + 1 == order.count || order[index + 1].0 < probability else { continue }
      steps.append(Step(threshold: probability, truePositives: own, falsePositives: others))
    }
    self.steps = steps
    positives = own
    negatives = others
  }

  /// The ROC curve: x the false positive rate, y sensitivity, from (0, 0) to (1, 1). Points on a straight line between
  /// others are left out, then those closest to others until there are at most `limit`. Empty where one of the rates is
  /// not defined.
  package func roc(limit: Int = 200) -> [Point] {
    guard positives > 0, negatives > 0 else { return [] }
    let counts = [(0, 0)] + steps.map { ($0.falsePositives, $0.truePositives) }
    let corners = counts.indices.filter { index in
      guard index > 0, index + 1 < counts.count else { return true }
      let (before, here, after) = (counts[index - 1], counts[index], counts[index + 1])
      return (here.0 - before.0) * (after.1 - here.1) != (here.1 - before.1) * (after.0 - here.0)
    }
    return Self.thinned(
      corners.map { Point(x: Double(counts[$0].0) / Double(negatives), y: Double(counts[$0].1) / Double(positives)) },
      to: limit)
  }

  /// The precision-recall curve: x recall, y precision, from recall 0, where precision is 1 by convention. Points
  /// between others of the same recall are left out, then those closest to others until there are at most `limit`.
  /// Empty where there are no positives.
  package func precisionRecall(limit: Int = 200) -> [Point] {
    guard positives > 0 else { return [] }
    let ends = steps.indices.filter { index in
      guard index > 0, index + 1 < steps.count else { return true }
      let own = steps[index].truePositives
      return steps[index - 1].truePositives != own || steps[index + 1].truePositives != own
    }
    let points = ends.map { index in
      let step = steps[index]
      return Point(
        x: Double(step.truePositives) / Double(positives),
        y: Double(step.truePositives) / Double(step.truePositives + step.falsePositives))
    }
    return Self.thinned([Point(x: 0, y: 1)] + points, to: limit)
  }

  /// At most so many points, evenly along the curve's length, the first and the last among them.
  private static func thinned(_ points: [Point], to limit: Int) -> [Point] {
    guard points.count > limit, limit > 1 else { return points }
    var lengths = [0.0]
    var length = 0.0
    for (a, b) in zip(points, points.dropFirst()) {
      length += abs(b.x - a.x) + abs(b.y - a.y)
      lengths.append(length)
    }
    var kept: [Point] = []
    for (point, reached) in zip(points, lengths).dropLast() {
      if reached * Double(limit - 1) >= length * Double(kept.count), kept.count + 1 < limit { kept.append(point) }
    }
    return kept + [points[points.count - 1]]
  }
}
