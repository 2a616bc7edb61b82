/// Numbers that take few bits to store, for the steps of weights: float32 with so many bits of mantissa.
///
/// The pattern of a positive float32, taken as an integer, grows with the number and within an octave evenly. So those
/// of n bits of mantissa, whose patterns are multiples of 2^(23 - n), divide every octave into 2^n equal parts, and
/// codec 4 of bundles stores them as small integers. There is no logarithm in it: it is the same on every machine.
package struct StepGrid: Sendable {
  /// Parts of an octave.
  package let parts: Int
  /// What patterns of the grid are multiples of.
  private let unit: UInt32

  /// - Parameter mantissaBits: 0 to 23
  private init(mantissaBits: Int) {
    parts = 1 << mantissaBits
    unit = 1 << UInt32(23 - mantissaBits)
  }

  /// Eight parts: a step chosen to trade bits for errors is off by 6 % at most, which costs next to nothing at an
  /// optimum. Takes about four bits a channel.
  package static let coarse = StepGrid(mantissaBits: 3)
  /// 32 parts: a scale is raised by 1.1 % on average. Takes about six bits a channel.
  package static let fine = StepGrid(mantissaBits: 5)

  /// The least number of the grid that is not below a positive one; the greatest where there is none.
  package func above(_ number: Float) -> Float {
    let (sum, overflow) = number.bitPattern.addingReportingOverflow(unit - 1)
    return onGrid(overflow ? .max : sum)
  }

  /// The number of the grid whose pattern is next to that of a positive one; of two the greater.
  package func nearest(_ number: Float) -> Float { onGrid(number.bitPattern + unit / 2) }

  /// The number with the lower bits of a pattern left out, neither zero nor infinite.
  private func onGrid(_ pattern: UInt32) -> Float {
    let greatest = Float.greatestFiniteMagnitude.bitPattern
    return Float(bitPattern: max(unit, min(pattern, greatest) & ~(unit - 1)))
  }
}
