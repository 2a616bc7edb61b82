import Glibc

/// Finds the clipping range whose distribution, quantized to 8 bits, diverges least from the original (Kullback-Leibler).
///
/// As in TensorRT's calibration (Migacz, "8-bit Inference with TensorRT", 2017), extended to asymmetric ranges: one threshold, from the
/// largest magnitude down to 1/32 of it, bounds both ends. P is the histogram with the tails added to its end bins, Q is P merged
/// into 256 levels and spread again over the bins of each level that are not empty.
struct EntropySearch {
  private let histogram: Histogram

  init(_ histogram: Histogram) {
    self.histogram = histogram
  }

  func range(within full: (low: Double, high: Double)) -> (low: Double, high: Double) {
    guard full.high > full.low else { return full }
    let largest = max(-full.low, full.high)
    var best = (threshold: largest, divergence: Double.infinity)
    for step in 0...60 {
      let threshold = largest * Glibc.exp2(-Double(step) / 12)
      let divergence = divergence(low: max(full.low, -threshold), high: min(full.high, threshold))
      if divergence < best.divergence { best = (threshold, divergence) }
    }
    return (max(full.low, -best.threshold), min(full.high, best.threshold))
  }

  private func divergence(low: Double, high: Double) -> Double {
    let width = histogram.width
    let first = max(0, Int((low / width).rounded(.down)) - histogram.base)
    let last = min(Histogram.bins - 1, Int((high / width).rounded(.down)) - histogram.base)
    guard last - first >= 1 else { return .infinity }
    let inside = histogram.counts[first...last].map { Double($0) }
    var reference = inside
    reference[0] += histogram.counts[..<first].reduce(0) { $0 + Double($1) }
    reference[reference.count - 1] += histogram.counts[(last + 1)...].reduce(0) { $0 + Double($1) }

    let levels = 256
    var mass = [Double](repeating: 0, count: levels)
    var occupied = [Double](repeating: 0, count: levels)
    func level(_ bin: Int) -> Int { min(levels - 1, bin * levels / inside.count) }
    for (bin, count) in inside.enumerated() where count > 0 {
      mass[level(bin)] += count
      occupied[level(bin)] += 1
    }
    let total = Double(histogram.total)
    let kept = inside.reduce(0, +)
    guard kept > 0 else { return .infinity }
    var sum = 0.0
    for (bin, p) in reference.enumerated() where p > 0 {
      let index = level(bin)
      // A level that only the tail reaches has no share of its own: a small one, the usual 1e-4, keeps the divergence finite.
      let q = inside[bin] > 0 ? mass[index] / occupied[index] / kept : 1e-4
      sum += p / total * Glibc.log(p / total / q)
    }
    return sum
  }
}
