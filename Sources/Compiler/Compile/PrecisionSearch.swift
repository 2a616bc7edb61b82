import Quantization
import Tensors

/// Finds the nodes that have to stay float so that a network's answers are as near the float network's as asked for.
///
/// What each would give back, and what it would take, is foretold (`PrecisionUnit`). In the order of how much they give
/// for what they take, the least number is kept with which the whole network holds the limit; then those that turn out
/// not to be needed go back to int8, the dearest first. With everything in float any limit holds, so that the search
/// ends.
struct PrecisionSearch<Network> {
  /// A network that was compiled and judged.
  struct Trial {
    /// The units that are in float, the most useful first.
    let kept: [PrecisionUnit]
    let network: Network
    let loss: Double
  }

  /// Compiles and judges a network.
  typealias Measure = ([PrecisionUnit]) throws(Refusal) -> (network: Network, loss: Double)

  private let units: [PrecisionUnit]
  private let limit: Double
  /// Whether the loss is of second order in errors, as divergences are and what is foretold.
  private let isQuadratic: Bool
  private let measure: Measure
  /// In the order of the units.
  private let prices: [Double]
  /// What was tried; networks would take memory.
  private(set) var trials: [(kept: [PrecisionUnit], loss: Double)] = []

  private static var mostGivenBack: Int { 6 }
  /// A unit with less than this share of the price is not worth a trial.
  private static var worthTrying: Double { 1.0 / 16 }

  init(_ units: [PrecisionUnit], limit: Double, isQuadratic: Bool, measure: @escaping Measure) {
    let prices = PrecisionUnit.prices(units)
    let order = units.indices.sorted {
      // Gain for its price, the largest first.
      (units[$1].gain * prices[$0], $0) < (units[$0].gain * prices[$1], $1)
    }
    self.units = order.map { units[$0] }
    self.prices = order.map { prices[$0] }
    self.limit = limit
    self.isQuadratic = isQuadratic
    self.measure = measure
  }

  /// The cheapest network that was found to hold the limit.
  mutating func run() throws(Refusal) -> Trial {
    let plain = try trial([])
    guard plain.loss > limit, !units.isEmpty else { return plain }
    var best = try fewest(plain)
    var kept = Array(0..<best.kept.count)
    let price = kept.reduce(0) { $0 + prices[$1] }
    let dear = kept.filter { prices[$0] >= PrecisionSearch.worthTrying * price }
      .sorted { (prices[$1], $0) < (prices[$0], $1) }
    // Without any the limit was not held.
    for unit in dear.prefix(PrecisionSearch.mostGivenBack) where kept.count > 1 {
      let rest = kept.filter { $0 != unit }
      let without = try trial(rest)
      if without.loss <= limit { (best, kept) = (without, rest) }
    }
    return best
  }

  private mutating func trial(_ kept: [Int]) throws(Refusal) -> Trial {
    let kept = kept.map { units[$0] }
    let (network, loss) = try measure(kept)
    trials.append((kept, loss))
    return Trial(kept: kept, network: network, loss: loss)
  }

  /// The first units, as few of them as hold the limit.
  ///
  /// - Parameter plain: without any
  private mutating func fewest(_ plain: Trial) throws(Refusal) -> Trial {
    let left = foretoldLeft()
    var (tooFew, last) = (0, plain)
    var best: Trial?
    while true {
      let end = best?.kept.count ?? units.count + 1
      guard end - tooFew > 1 else { break }
      // Losses fall as what is foretold of the rest does; where they do not, halving comes to an end.
      let scale = last.loss / left[last.kept.count]
      let expected = (tooFew + 1..<end).first { scale * left[$0] <= limit } ?? end - 1
      let count = trials.count % 3 == 0 ? (tooFew + end) / 2 : expected
      last = try trial(Array(0..<count))
      if last.loss <= limit { best = last } else { tooFew = count }
    }
    return best ?? last
  }

  /// What is foretold to be lost by the units that are left when so many are in float, but for a factor.
  private func foretoldLeft() -> [Double] {
    var left = [0.0]
    for unit in units.reversed() { left.append(left[left.count - 1] + unit.gain) }
    return left.reversed().map { isQuadratic ? $0 : $0.squareRoot() }
  }
}

extension PrecisionUnit {
  /// Float multiplies at a quarter of the speed of int8, takes an element of a value in or out in the time of some
  /// multiplications, and each node that is converted to and fro takes a part of the whole. Rough, but what is compared
  /// differs by orders of magnitude.
  private static let (slowdown, elementTime, nodeTime) = (4.0, 4.0, 0.002)

  /// What it takes to keep each in float: its part of the int8 network's weights, times what they grow by, and of its
  /// time.
  static func prices(_ units: [PrecisionUnit]) -> [Double] {
    let weights = Double(max(1, units.reduce(0) { $0 + $1.weights }))
    let time = units.reduce(1) { $0 + Double($1.macs) + Double($1.elements) }
    return units.map {
      let own = slowdown * Double($0.macs) + elementTime * Double($0.elements)
      return 3 * Double($0.weights) / weights + own / time + nodeTime
    }
  }
}
