/// Entropy coding of words of 32 bits, as `docs/format.md` specifies it for codec 4: integers, or float32 with few bits
/// of mantissa, whose patterns taken as integers are multiples of a large unit.
///
/// A word is unit x (base + difference). Sign and size of the difference are a symbol, a byte for RANS; its low bits,
/// which look like noise, are stored as they are.
package enum Words {
  static let size = 4
  /// Words of a block; blocks of one unit and base are a run.
  static let blockSize = 16
  /// Bytes for the number of bytes that symbols take.
  static let countBytes = 4
  /// Orders of the codes for lengths of runs, odd factors of units, and bases.
  static let runOrder = 2
  static let factorOrder = 0
  static let baseOrder = 8
  /// Bits for how often two divides a unit.
  static let shiftBits = 5
  /// The symbol of a word that is zero in a run of another base: padding between tensors.
  static let zero = -128

  /// What words of a run have in common.
  struct Scheme: Equatable {
    /// At least 1; it divides all words of the run.
    var unit: Int
    var base: Int
  }

  /// The symbol of a difference less than 2^32 in magnitude, and how many low bits go with it.
  ///
  /// Its three highest bits count: up to seven the symbol is the difference.
  @inline(__always)
  static func symbol(of difference: Int) -> (symbol: Int, lowBits: Int) {
    let magnitude = abs(difference)
    let lowBits = max(0, bitLength(magnitude) - 3)
    let symbol = 4 * lowBits + (magnitude >> lowBits)
    return (difference < 0 ? -symbol : symbol, lowBits)
  }

  /// The most bytes that coded ones can stand for: four for each symbol.
  package static func largestRaw(stored: Int) -> Int {
    let (product, overflow) = RANS.largestRaw(stored: stored).multipliedReportingOverflow(by: size)
    return overflow ? .max : product
  }
}
