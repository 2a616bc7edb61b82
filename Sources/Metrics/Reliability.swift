/// Samples of similar stated confidence: how confident the model was on average, and how often that was right.
package struct ReliabilityBin: Sendable, Equatable {
  package let count: Int
  /// The mean of what the model stated; nil in an empty bin.
  package let confidence: Double?
  /// The fraction that came true; nil in an empty bin.
  package let right: Double?

  package init(count: Int, confidence: Double?, right: Double?) {
    self.count = count
    self.confidence = confidence
    self.right = right
  }

  /// Bins of equal width over 0 to 1, the upper edge belonging to the bin.
  package static func bins(_ confidences: [Double], isRight: [Bool], count: Int = 15) -> [ReliabilityBin] {
    let count = max(count, 1)
    var (numbers, rights) = ([Int](repeating: 0, count: count), [Int](repeating: 0, count: count))
    var sums = [Double](repeating: 0, count: count)
    for (confidence, isRight) in zip(confidences, isRight) {
      let bin = index(of: confidence, in: count)
      numbers[bin] += 1
      sums[bin] += confidence
      if isRight { rights[bin] += 1 }
    }
    return (0..<count).map { bin in
      let number = Double(numbers[bin])
      return numbers[bin] == 0
        ? ReliabilityBin(count: 0, confidence: nil, right: nil)
        : ReliabilityBin(count: numbers[bin], confidence: sums[bin] / number, right: Double(rights[bin]) / number)
    }
  }

  static func index(of confidence: Double, in count: Int) -> Int {
    min(max(Int((confidence * Double(count)).rounded(.up)) - 1, 0), count - 1)
  }
}
