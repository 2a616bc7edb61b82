/// The number T of a `StepAllocation`, one of 256 in each octave: T = 2^(code / 256), the same on every machine.
package struct Distortion: Sendable, Hashable, Comparable {
  package let code: Int

  package init(code: Int) { self.code = max(-Distortion.limit, min(Distortion.limit, code)) }

  /// The largest that is not above a positive number.
  init(below value: Double) { self.init(code: Distortion.largest(notAbove: value)) }

  /// The smallest that is not below a positive number.
  init(above value: Double) {
    let below = Distortion(below: value)
    self = below.value < value ? Distortion(code: below.code + 1) : below
  }

  package var value: Double {
    let octave = code >> 8
    return Double(sign: .plus, exponent: octave, significand: Distortion.fractions[code - octave << 8])
  }

  package static func < (a: Distortion, b: Distortion) -> Bool { a.code < b.code }

  /// Codes reach 2^-512 to 2^512.
  private static let limit = 512 * 256

  /// 2^(i / 256) from square roots and products, which IEEE 754 rounds alike everywhere.
  private static let fractions: [Double] = {
    var roots: [Double] = []
    var root = 2.0
    for _ in 0..<8 {
      root = root.squareRoot()
      roots.append(root)
    }
    return (0..<256).map { index in
      var fraction = 1.0
      for bit in 0..<8 where index >> (7 - bit) & 1 == 1 { fraction *= roots[bit] }
      return fraction
    }
  }()

  private static func largest(notAbove value: Double) -> Int {
    guard value.isFinite, value >= Double.leastNormalMagnitude else { return value > 0 ? limit : -limit }
    let significand = value.significand
    let fraction = fractions.lastIndex { $0 <= significand } ?? 0
    return Int(value.exponent) << 8 + fraction
  }
}
