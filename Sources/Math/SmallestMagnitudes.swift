#if !RUNTIME_ONLY
/// The smallest magnitudes among some numbers, found by counting: nothing is sorted. Where magnitudes are equal, those
/// that come first are smaller.
package struct SmallestMagnitudes: Sendable {
  /// The bits of the largest of them: bit patterns of non-negative floats are ordered as the numbers are.
  private let bits: UInt32
  /// How many of those equal to that are among them.
  private var ties: Int

  /// - Parameters:
  ///   - wanted: how many, at least one and at most as many as there are
  ///   - parts: the numbers
  package init(_ wanted: Int, of parts: [[Float]]) {
    // First the upper half of the bits, then the lower half within the chosen upper one.
    let (upper, below) = SmallestMagnitudes.select(wanted, parts) { Int($0 >> 16) }
    let (lower, before) = SmallestMagnitudes.select(wanted - below, parts) { bits in
      Int(bits >> 16) == upper ? Int(bits & 0xffff) : nil
    }
    bits = UInt32(upper) << 16 | UInt32(lower)
    ties = wanted - below - before
  }

  /// The largest of them.
  package var largest: Float { Float(bitPattern: bits) }

  /// Whether the next number is one of them; asked of all numbers in their order.
  package mutating func take(_ number: Float) -> Bool {
    let other = number.magnitude.bitPattern
    guard other == bits, ties > 0 else { return other < bits }
    ties -= 1
    return true
  }

  /// The bin in which the `wanted`-th smallest lies, and how many lie in those before it.
  private static func select(
    _ wanted: Int, _ parts: [[Float]], bin: (UInt32) -> Int?
  ) -> (bin: Int, before: Int) {
    var counts = [Int](repeating: 0, count: 1 << 16)
    for part in parts {
      for number in part {
        if let index = bin(number.magnitude.bitPattern) { counts[index] += 1 }
      }
    }
    var before = 0
    for (index, count) in counts.enumerated() {
      if before + count >= wanted { return (index, before) }
      before += count
    }
    return (counts.count - 1, before)
  }
}
#endif
