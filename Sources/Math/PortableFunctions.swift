/// Elementary functions in double precision from additions, multiplications and divisions alone.
///
/// The C library's differ in the last bit between versions and processors; int8 tables are built from these, so that a
/// table is the same everywhere. Absolute errors are below 1e-13 where the result is below 1, relative ones elsewhere:
/// far finer than an int8 step, and `PortableFunctionsTests` compares them with the C library's.
package enum PortableFunctions {
  private static let ln2High = 0x1.62e42feep-1
  private static let ln2Low = 0x1.a39ef35793c76p-33

  /// e^x: x = k ln 2 + r with |r| <= ln 2 / 2, the Taylor series of e^r, times 2^k.
  package static func exp(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.7 { return .infinity }
    if x < -745 { return 0 }
    let k = (x * 1.4426950408889634).rounded(.toNearestOrEven)
    let r = (x - k * ln2High) - k * ln2Low
    var sum = 1.0
    var n = 17.0
    while n >= 1 {
      sum = 1 + sum * r / n
      n -= 1
    }
    // In two steps, for results that are subnormal.
    let half = Int(k) / 2
    return sum * Double(sign: .plus, exponent: half, significand: 1)
      * Double(sign: .plus, exponent: Int(k) - half, significand: 1)
  }

  /// ln x: x = 2^e m with m near 1, ln m = 2 artanh((m - 1) / (m + 1)).
  package static func log(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return x == 0 ? -.infinity : x > 0 ? x : .nan }
    var m = x.significand
    var e = Double(x.exponent)
    if m > 1.4142135623730951 {
      m /= 2
      e += 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    var sum = 0.0
    var n = 27.0
    while n >= 1 {
      sum = sum * square + 1 / n
      n -= 2
    }
    return e * ln2High + (e * ln2Low + 2 * s * sum)
  }

  package static func tanh(_ x: Double) -> Double {
    let e = exp(-2 * abs(x))
    return x < 0 ? -(1 - e) / (1 + e) : (1 - e) / (1 + e)
  }

  /// ln(1 + e^x)
  package static func softplus(_ x: Double) -> Double { max(x, 0) + log(1 + exp(-abs(x))) }

  /// The Maclaurin series below 2.5, the continued fraction of the complement above (Abramowitz and Stegun 7.1.5,
  /// 7.1.14).
  package static func erf(_ x: Double) -> Double {
    let a = abs(x)
    var value: Double
    if a < 2.5 {
      var term = a
      value = a
      var n = 1.0
      while n < 80 {
        term = -term * a * a / n
        value += term / (2 * n + 1)
        n += 1
      }
      value *= 1.1283791670955126
    } else {
      var fraction = a
      var n = 60.0
      while n >= 1 {
        fraction = a + n / 2 / fraction
        n -= 1
      }
      value = 1 - exp(-a * a) / (fraction * 1.7724538509055160)
    }
    return x < 0 ? -value : value
  }
}
