/// A seeded choice of samples, the same on every machine.
package enum SampleSelection {
  /// `count` of the numbers below `total`, in rising order; all of them when count is nil or too large.
  package static func choose(_ count: Int?, of total: Int, seed: UInt64) -> [Int] {
    guard let count, count < total else { return Array(0..<total) }
    return shuffled(total, drawing: max(0, count), seed: seed)[..<max(0, count)].sorted()
  }

  /// The numbers below `total` in random order.
  package static func shuffled(_ total: Int, seed: UInt64) -> [Int] { shuffled(total, drawing: total, seed: seed) }

  /// Fisher-Yates over SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
  ///
  /// - Parameter count: how many of the first are drawn
  private static func shuffled(_ total: Int, drawing count: Int, seed: UInt64) -> [Int] {
    var state = seed
    func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    var numbers = Array(0..<total)
    for index in 0..<count {
      // The bias of the remainder is below 2^-32 for any folder that fits a disk.
      numbers.swapAt(index, index + Int(next() % UInt64(total - index)))
    }
    return numbers
  }

  /// At most so many of some samples, evenly spread.
  package static func spread(_ samples: [Int], atMost most: Int) -> [Int] {
    guard samples.count > most else { return samples }
    return (0..<most).map { samples[$0 * samples.count / most] }
  }
}
