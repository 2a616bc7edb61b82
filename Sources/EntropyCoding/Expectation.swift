/// What the next of some numbers is expected to be, and how far from it: learned from those before it, by writer and
/// reader alike.
struct Expectation {
  private var last = (0, 0, 0, 0)
  /// Four times the mean of the differences written lately.
  private var scale: Int

  /// - Parameter scale: four times the mean that differences may have at the beginning
  init(scale: Int) { self.scale = scale }

  private var number: Int { (last.0 + last.1 + last.2 + last.3) / 4 }
  private var order: Int { max(0, bitLength(scale / 4) - 1) }

  private mutating func learn(_ number: Int, written difference: Int) {
    last = (last.1, last.2, last.3, number)
    scale += difference - scale / 4
  }

  /// - Parameter number: not negative
  mutating func write(_ number: Int, to bits: inout BitWriter) {
    let expected = self.number
    let above = number - expected
    // Above and below in turn, until there is nothing more below.
    let difference = above > expected ? number : above > 0 ? 2 * above - 1 : -2 * above
    bits.append(golomb: difference, order: order)
    learn(number, written: difference)
  }

  /// Nil unless the next bits are a number less than `limit`.
  mutating func read(_ bits: inout BitReader, below limit: Int) -> Int? {
    guard let difference = bits.golomb(order: order), difference < 2 * limit else { return nil }
    let expected = self.number
    let isAbove = difference % 2 == 1
    let number =
      difference > 2 * expected ? difference : isAbove ? expected + (difference + 1) / 2 : expected - difference / 2
    guard number < limit else { return nil }
    learn(number, written: difference)
    return number
  }
}
