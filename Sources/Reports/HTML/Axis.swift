import Math

/// An axis of a drawing: where values lie on it, from 0 at its start to 1 at its end, and which are written beside it.
struct Axis: Sendable {
  enum Scale: Sendable {
    case linear
    /// Values that are not above zero lie at the start.
    case logarithmic
  }

  private let scale: Scale
  private let low: Double
  private let high: Double
  /// Whether some values lie at the start of a logarithmic axis, because they are zero.
  private let hasZero: Bool
  /// Values to write beside it.
  let ticks: [Double]

  /// The part of a logarithmic axis that stands for zero.
  private static let zeroPart = 0.14

  /// An axis with room for all values.
  ///
  /// - Parameter includesZero: of a linear one, whether it begins there at the latest
  init(_ scale: Scale, _ values: [Double], includesZero: Bool = false) {
    self.scale = scale
    let finite = values.filter(\.isFinite)
    switch scale {
    case .linear:
      var (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
      if includesZero { (least, most) = (min(0, least), max(0, most)) }
      let room = most > least ? (most - least) * 0.06 : max(abs(most), 1) * 0.1
      low = includesZero && least == 0 ? 0 : least - room
      high = most + room
      hasZero = false
      ticks = Axis.linearTicks(low, high)
    case .logarithmic:
      let positive = finite.filter { $0 > 0 }
      hasZero = positive.count < finite.count
      low = (positive.min() ?? 1) / 1.25
      high = (positive.max() ?? 1) * 1.25
      ticks = (hasZero ? [0] : []) + Axis.logarithmicTicks(low, high)
    }
  }

  /// Where a value lies; what is beyond an end lies at it.
  func position(_ value: Double) -> Double {
    guard value.isFinite else { return value > 0 ? 1 : 0 }
    switch scale {
    case .linear: return Axis.clamped((value - low) / (high - low))
    case .logarithmic:
      guard value > 0 else { return hasZero ? Axis.zeroPart / 2 : 0 }
      let part = PortableFunctions.log(value / low) / PortableFunctions.log(high / low)
      let start = hasZero ? Axis.zeroPart : 0
      return start + (1 - start) * Axis.clamped(part)
    }
  }

  private static func clamped(_ part: Double) -> Double { part.isFinite ? max(0, min(1, part)) : 0 }

  /// At most so many are written.
  private static let mostTicks = 6

  /// 1, 2 or 5 times a power of ten apart.
  private static func linearTicks(_ low: Double, _ high: Double) -> [Double] {
    guard high > low, (high - low).isFinite else { return [] }
    var power = 1.0
    while power * Double(mostTicks) < high - low { power *= 10 }
    while power > (high - low) * 2 { power /= 10 }
    let steps = [power / 10, power / 5, power / 2, power, power * 2]
    guard let step = steps.first(where: { (high - low) / $0 < Double(mostTicks) }) else { return [] }
    let first = (low / step).rounded(.up)
    return (0..<mostTicks).map { (first + Double($0)) * step }.filter { $0 <= high }
  }

  /// 1, 2 and 5 times powers of ten, or fewer of them where there would be too many.
  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    guard low > 0, high.isFinite else { return [] }
    var power = 1.0
    while power > low { power /= 10 }
    while power * 10 < low { power *= 10 }
    var powers: [Double] = []
    while power <= high {
      powers.append(power)
      power *= 10
    }
    for factors in [[1.0, 2, 5], [1, 3], [1]] {
      let ticks = powers.flatMap { power in factors.map { $0 * power } }.filter { (low...high).contains($0) }
      if ticks.count <= mostTicks || factors.count == 1 {
        let every = (ticks.count + mostTicks - 1) / mostTicks
        return ticks.enumerated().filter { $0.offset % max(1, every) == 0 }.map(\.element)
      }
    }
    return []
  }
}
