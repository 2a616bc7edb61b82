package import Metrics

/// How numbers are written for people: the same in the terminal, in Markdown and in HTML.
package enum Figures {
  /// A decimal with a fixed number of places, rounded half away from zero; a dash where it is not a number.
  ///
  /// The minus sign is the typographic one, and a number that rounds to zero has none.
  package static func decimal(_ x: Double?, _ places: Int) -> String {
    guard let x, x.isFinite else { return "–" }
    let power = (0..<places).reduce(1.0) { value, _ in value * 10 }
    let scaled = (x.magnitude * power).rounded(.toNearestOrAwayFromZero)
    // Beyond 2^53 there are no places to round to.
    guard scaled < 9e15 else { return x.description }
    let whole = Int(scaled)
    let digits = String(whole)
    let sign = x < 0 && whole > 0 ? "−" : ""
    guard places > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
  }

  /// A number from 0 on to so many digits, as a decimal: `0.00012`; what is below 10^-12 is 0.
  package static func significant(_ x: Double, _ digits: Int = 2) -> String {
    guard x.isFinite, x >= 1e-12 else { return decimal(x.isFinite ? 0 : x, 0) }
    var places = digits - 1
    var scaled = x
    while scaled < 1 {
      scaled *= 10
      places += 1
    }
    while scaled >= 10, places > 0 {
      scaled /= 10
      places -= 1
    }
    return decimal(x, places)
  }

  /// An integer with a comma before every three digits.
  package static func grouped(_ n: Int) -> String {
    let digits = Array(String(n.magnitude))
    var text = n < 0 ? "−" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// A size in decimal units, to three digits: `512 B`, `14.0 kB`, `2.31 MB`.
  package static func bytes(_ n: Int) -> String {
    guard n >= 1000 else { return "\(n) B" }
    var value = Double(n)
    var unit = ""
    for next in ["kB", "MB", "GB", "TB"] where value >= 999.5 {
      value /= 1000
      unit = next
    }
    return "\(threeDigits(value)) \(unit)"
  }

  /// A large count to three digits: `998`, `12.5 k`, `301 M`.
  package static func short(_ n: Int) -> String {
    guard n.magnitude >= 1000 else { return "\(n)" }
    var value = Double(n)
    var unit = ""
    for next in ["k", "M", "G", "T"] where value.magnitude >= 999.5 {
      value /= 1000
      unit = next
    }
    return "\(threeDigits(value)) \(unit)"
  }

  /// A number of things from a fraction of them.
  static func part(_ fraction: Double, of count: Int) -> Int {
    Int((max(0, min(1, fraction)) * Double(count)).rounded())
  }

  private static func threeDigits(_ value: Double) -> String {
    decimal(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
  }

  /// A fraction as percent: `82.4 %`.
  package static func percent(_ fraction: Double?, _ places: Int = 1) -> String {
    guard let fraction, fraction.isFinite else { return "–" }
    return decimal(100 * fraction, places) + " %"
  }

  /// A difference of fractions in percentage points, with its interval where there is one: `−0.5 pp (−1.9 … +0.9)`.
  package static func points(_ delta: Estimate?) -> String {
    guard let delta, delta.value.isFinite else { return "–" }
    return "\(signed(100 * delta.value, 1)) pp" + range(delta) { signed(100 * $0, 1) }
  }

  /// A fraction as percent, with its interval where there is one: `97.4 % (95.2 … 99.1)`.
  package static func percent(_ estimate: Estimate?) -> String {
    guard let estimate else { return "–" }
    return percent(estimate.value) + range(estimate) { decimal(100 * $0, 1) }
  }

  private static func range(_ estimate: Estimate, _ text: (Double) -> String) -> String {
    // An interval without width says that nothing varied, not that nothing can.
    guard let low = estimate.low, let high = estimate.high, low < high else { return "" }
    return " (\(text(low)) … \(text(high)))"
  }

  /// A number that always shows its sign, unless it rounds to zero.
  package static func signed(_ x: Double, _ places: Int) -> String {
    let text = decimal(x, places)
    return x > 0 && text.contains { $0 != "0" && $0 != "." } ? "+" + text : text
  }

  /// A level: `31.7 dB`.
  package static func decibels(_ level: Double?) -> String {
    guard let level, level != .infinity, !level.isNaN else { return "–" }
    return (level.isFinite ? decimal(level, 1) : "−∞") + " dB"
  }

  /// How many times smaller something became: `3.9×`.
  package static func factor(_ before: Int, _ after: Int) -> String {
    after > 0 ? decimal(Double(before) / Double(after), 1) + "×" : "–"
  }

  /// A count and its noun: `1 layer`, `52 layers`.
  package static func count(_ n: Int, _ noun: String, plural: String? = nil) -> String {
    "\(grouped(n)) \(n == 1 ? noun : plural ?? noun + "s")"
  }

  /// A shape: `1×3×224×224`.
  package static func shape(_ dimensions: [Int]) -> String {
    dimensions.isEmpty ? "scalar" : dimensions.map { "\($0)" }.joined(separator: "×")
  }
}
