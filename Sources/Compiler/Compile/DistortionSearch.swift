import Math
import Quantization
import Reports
import Tensors

/// Finds the number T of a `StepAllocation` that a target asks for: the finest steps whose bundle is small enough, or
/// the coarsest whose answers are near enough.
struct DistortionSearch {
  /// What compiling with one number gave.
  struct Trial {
    let distortion: Distortion
    let bytes: Int
    /// What the compiled model's answers cost on samples apart (`OutputCost`); nil where there are none.
    let cost: Double?
  }

  let range: ClosedRange<Distortion>
  /// An estimate of the bits that levels take, falling as the number grows.
  let bits: (Distortion) -> Double
  let compile: (Distortion) throws(Refusal) -> Trial
  private(set) var trials: [Trial] = []

  /// Of a target that is met to this share no better is looked for.
  private static let enoughBytes = 0.997
  /// Numbers that are this near to each other give the same answers: an eighth of an octave.
  private static let enoughCodes = 32
  private static let mostTrials = 10

  init(
    _ range: ClosedRange<Distortion>, bits: @escaping (Distortion) -> Double,
    compile: @escaping (Distortion) throws(Refusal) -> Trial
  ) {
    self.range = range
    self.bits = bits
    self.compile = compile
  }

  private mutating func measure(_ code: Int) throws(Refusal) -> Trial {
    let trial = try compile(Distortion(code: code))
    trials.append(trial)
    return trial
  }

  // MARK: A size

  /// The finest that takes at most so many bytes; nil where none does.
  mutating func finest(within limit: Int) throws(Refusal) -> Trial? {
    var trial = try measure(range.lowerBound.code)
    guard trial.bytes > limit else { return trial }
    var tooFine = range.lowerBound.code
    var best: Trial?
    while trials.count < DistortionSearch.mostTrials {
      let end = best?.distortion.code ?? range.upperBound.code + 1
      guard end - tooFine > 1 else { break }
      // What is not levels hardly changes from trial to trial.
      let rest = Double(trial.bytes) - bits(trial.distortion) / 8
      let guess = firstCode(in: tooFine + 1..<end) { bits($0) / 8 + rest <= Double(limit) }
      trial = try measure(guess)
      if trial.bytes > limit { tooFine = trial.distortion.code } else { best = trial }
      if let best, Double(best.bytes) >= DistortionSearch.enoughBytes * Double(limit) { break }
    }
    return best
  }

  /// The first code for which something holds that holds for all after it; the last where it does for none.
  private func firstCode(in codes: Range<Int>, _ holds: (Distortion) -> Bool) -> Int {
    var (low, high) = (codes.lowerBound, max(codes.lowerBound, codes.upperBound - 1))
    while low < high {
      let middle = low + (high - low) / 2
      if holds(Distortion(code: middle)) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  // MARK: A cost

  /// The coarsest that costs at most so much; nil where even the finest costs more.
  mutating func coarsest(costing limit: Double) throws(Refusal) -> Trial? {
    let finest = try measure(range.lowerBound.code)
    guard let least = finest.cost, least <= limit else { return nil }
    var best = finest
    var tooCoarse = range.upperBound.code + 1
    // A first guess: half of the bits.
    let half = bits(finest.distortion) / 2
    var guess = firstCode(in: range.lowerBound.code..<tooCoarse) { bits($0) <= half }
    while trials.count < DistortionSearch.mostTrials, tooCoarse - best.distortion.code > DistortionSearch.enoughCodes {
      let trial = try measure(max(best.distortion.code + 1, min(tooCoarse - 1, guess)))
      let cost = trial.cost ?? .infinity
      if cost <= limit { best = trial } else { tooCoarse = trial.distortion.code }
      // What coarser steps cost grows with T, an octave for every octave; never closer than an eighth of the way to
      // either end, so that the end comes near even where it does not.
      let octaves = PortableFunctions.log((limit - least) / (cost - least)) / PortableFunctions.log(2)
      let margin = (tooCoarse - best.distortion.code) / 8
      let expected = abs(octaves) < 64 ? trial.distortion.code + Int((octaves * 256).rounded()) : tooCoarse
      guess = max(best.distortion.code + margin, min(tooCoarse - margin, expected))
    }
    return best
  }
}
