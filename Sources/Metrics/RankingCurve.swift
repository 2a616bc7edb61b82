/// The samples in the order of one class's probability: what the area under its ROC curve is computed from.
///
/// The area is the chance that a random sample of the class gets a higher probability than a random other one, equal
/// probabilities counting one half (Mann and Whitney's U).
struct RankingCurve: Sendable {
  /// Samples by rising probability: number << 2, plus 2 where it is of the class, plus 1 where its probability is
  /// higher than the one before. Packed, since resampling walks this list thousands of times.
  private let order: [UInt32]

  /// - Parameters:
  ///   - probabilities: of one class
  ///   - isOwn: whether each is of a sample of the class
  ///   - samples: whose probability each is, where a sample has several; otherwise they are in the samples' order
  init(probabilities: [Double], isOwn: [Bool], samples: [Int]? = nil) {
    let sorted = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
    order = sorted.enumerated().map { rank, index in
      let rises = rank > 0 && probabilities[sorted[rank - 1]] < probabilities[index]
      return UInt32(samples?[index] ?? index) << 2 | (isOwn[index] ? 2 : 0) | (rises ? 1 : 0)
    }
  }

  /// The area under the curve; nil unless there are samples of the class and others.
  var area: Double? { area(weights: ones) }

  /// The average precision; nil unless there are samples of the class.
  var averagePrecision: Double? { averagePrecision(weights: ones) }

  /// Each sample once.
  private var ones: [Int] { [Int](repeating: 1, count: order.count) }

  /// The area where each sample stands `weights[sample]` times.
  func area(weights: [Int]) -> Double? {
    var (below, others, own) = (0, 0, 0)  // others at lower probabilities; others and own at the present one
    var (doubled, allOwn) = (0, 0)
    order.withUnsafeBufferPointer { order in
      weights.withUnsafeBufferPointer { weights in
        for entry in order {
          if entry & 1 != 0 {
            doubled += own * (2 * below + others)
            below += others
            (others, own) = (0, 0)
          }
          let weight = weights[Int(entry >> 2)]
          let mask = -Int(entry >> 1 & 1)
          own += weight & mask
          others += weight & ~mask
          allOwn += weight & mask
        }
      }
    }
    doubled += own * (2 * below + others)
    let allOthers = below + others
    guard allOwn > 0, allOthers > 0 else { return nil }
    return Double(doubled) / (2 * Double(allOwn) * Double(allOthers))
  }

  /// The average precision where each sample stands `weights[sample]` times: the mean over samples of the class of the
  /// precision at their probability, which is the area below the steps of the precision-recall curve.
  func averagePrecision(weights: [Int]) -> Double? {
    var (own, all, pending) = (0, 0, 0)  // from the highest probability down; pending: own at the present one
    var sum = 0.0
    order.withUnsafeBufferPointer { order in
      weights.withUnsafeBufferPointer { weights in
        for entry in order.reversed() {
          let weight = weights[Int(entry >> 2)]
          pending += weight & -Int(entry >> 1 & 1)
          all += weight
          if entry & 1 != 0, pending > 0 {
            own += pending
            sum += Double(pending) * Double(own) / Double(all)
            pending = 0
          }
        }
      }
    }
    // The lowest probability rises above none.
    if pending > 0 {
      own += pending
      sum += Double(pending) * Double(own) / Double(all)
    }
    return own > 0 ? sum / Double(own) : nil
  }

  /// The highest sensitivity at which the class is told from the others with at least this specificity, where each
  /// sample stands `weights[sample]` times: a point of the ROC curve, none between two. Nil unless there are samples of
  /// the class and others.
  func sensitivity(atSpecificity target: Double, weights: [Int]? = nil) -> Double? {
    let weights = weights ?? ones
    var (allOwn, allOthers) = (0, 0)
    for entry in order {
      let weight = weights[Int(entry >> 2)]
      if entry & 2 != 0 { allOwn += weight } else { allOthers += weight }
    }
    guard allOwn > 0, allOthers > 0 else { return nil }
    var (own, others, best) = (0, 0, 0)
    for (index, entry) in zip(order.indices, order).reversed() {
      let weight = weights[Int(entry >> 2)]
      if entry & 2 != 0 { own += weight } else { others += weight }
      guard entry & 1 != 0 || index == 0 else { continue }
      // As a quotient, since 1 - 0.9 is less than one in ten.
      guard Double(allOthers - others) / Double(allOthers) >= target else { break }
      best = own
    }
    return Double(best) / Double(allOwn)
  }

  /// The mean of the areas that are defined; nil where none is.
  static func mean(_ areas: [Double?]) -> Double? {
    let defined = areas.compactMap { $0 }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }
}
