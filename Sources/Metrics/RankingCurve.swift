/// The samples in the order of one class's probability: what the area under its ROC curve is computed from.
///
/// The area is the chance that a random sample of the class gets a higher probability than a random other one, equal
/// probabilities counting one half (Mann and Whitney's U).
package struct RankingCurve: Sendable {
  /// Samples by rising probability: number << 2, plus 2 where it is of the class, plus 1 where its probability is
  /// higher than the one before. Packed, since resampling walks this list thousands of times.
  private let order: [UInt32]

  /// - Parameters:
  ///   - index: The class that is told from all others.
  package init(_ samples: LabelledScores, class index: Int) {
    let (count, classes) = (samples.sampleCount, samples.classCount)
    let probabilities = (0..<count).map { samples.probabilities[$0 * classes + index] }
    let sorted = (0..<count).sorted { probabilities[$0] < probabilities[$1] }
    order = sorted.enumerated().map { rank, sample in
      let rises = rank > 0 && probabilities[sorted[rank - 1]] < probabilities[sample]
      return UInt32(sample) << 2 | (samples.labels[sample] == index ? 2 : 0) | (rises ? 1 : 0)
    }
  }

  /// The area under the curve; nil unless there are samples of the class and others.
  package var area: Double? { area(weights: [Int](repeating: 1, count: order.count)) }

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

  /// The mean of the areas that are defined; nil where none is.
  static func mean(_ areas: [Double?]) -> Double? {
    let defined = areas.compactMap { $0 }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }
}
