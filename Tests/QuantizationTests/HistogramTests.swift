import Quantization
import Testing

@Suite struct HistogramTests {
  @Test func countsEveryFiniteValue() {
    let h = histogram([[1, 2, 3, .nan, .infinity, -4]])
    #expect(h.total == 4)
    #expect(h.notFinite == 2)
    #expect(h.minimum == -4)
    #expect(h.maximum == 3)
    #expect(h.counts.reduce(0, +) == 4)
  }

  /// Calibration is byte-reproducible because of this: neither order nor the split over threads changes a count.
  @Test func dependsOnTheValuesAlone() {
    let parts = [
      samples(1000, scale: 0.01, seed: 1), samples(1000, scale: 5, seed: 2),
      samples(1000, scale: 300, seed: 3),
    ]
    let forward = histogram(parts)
    let backward = histogram(parts.reversed())
    #expect(forward.exponent == backward.exponent)
    #expect(forward.base == backward.base)
    #expect(forward.counts == backward.counts)
    var merged = histogram([parts[2]])
    merged.merge(histogram([parts[0]]))
    merged.merge(histogram([parts[1]]))
    #expect(merged.counts == forward.counts)
    #expect(merged.exponent == forward.exponent)
  }

  @Test func usesAtLeastAQuarterOfItsBins() {
    for scale in [Float(1e-6), 0.37, 1, 1000, 3e7] {
      let h = histogram([samples(5000, scale: scale, seed: 9)])
      let span = Double(h.maximum - h.minimum) / h.width
      #expect(
        span <= Double(Histogram.bins) && span >= Double(Histogram.bins) / 4, "\(scale): \(span)")
    }
  }

  @Test func mergingNothingChangesNothing() {
    var h = histogram([[0.5, 1]])
    let before = h.counts
    h.merge(Histogram())
    #expect(h.counts == before)
    var empty = Histogram()
    empty.merge(h)
    #expect(empty.counts == before)
  }

  /// The grid and the counts as they are defined, from all values at once: the finest power of two for which the bins
  /// from the least to the largest, 0 among them, are at most 2048.
  private struct Definition {
    let exponent: Int
    let base: Int
    let counts: [UInt64]

    init(_ values: [Float]) {
      func index(_ x: Float, _ exponent: Int) -> Double {
        (Double(x) / Double(sign: .plus, exponent: exponent, significand: 1)).rounded(.down)
      }
      let low = min(0, values.min() ?? 0)
      let high = max(0, values.max() ?? 0)
      var finest = -80
      while index(high, finest) - index(low, finest) >= 2048 { finest += 1 }
      let first = Int(index(low, finest))
      var counts = [UInt64](repeating: 0, count: Histogram.bins)
      for value in values { counts[Int(index(value, finest)) - first] += 1 }
      exponent = finest
      base = first
      self.counts = counts
    }
  }

  private static let sets: [[[Float]]] = [
    [samples(3000, scale: 1, seed: 1)],
    // Each part makes the grid coarser, and moves its begin.
    [[0.001], [0.5, -0.25], samples(500, scale: 7, seed: 2), samples(500, scale: -900, seed: 3), [1e30]],
    // All on one side of 0, which is in the grid all the same.
    [samples(400, scale: 1, seed: 4).map { abs($0) + 1000 }],
    [samples(400, scale: 1, seed: 5).map { -abs($0) - 3 }],
    // On borders of bins, and powers of two, which need the next grid by a hair.
    [(0..<4096).map { Float($0) / 64 }, (0..<100).map { -Float($0) / 8 }],
    [[1], [2], [4], [-1]], [[-1], [-2]], [[Float(1).nextDown]], [[Float(2048).nextDown, -0.5]],
    // Less than the finest bins tell apart.
    [[0], [1e-30, -1e-30, .leastNonzeroMagnitude]], [[-0.0, 0]],
    [[.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1]],
  ]

  @Test(arguments: sets) func isAsDefined(parts: [[Float]]) {
    let expected = Definition(parts.flatMap(\.self))
    for parts in [parts, parts.reversed()] {
      var merged = Histogram()
      for part in parts { merged.merge(histogram([part])) }
      for found in [histogram(parts), merged] {
        #expect(found.exponent == expected.exponent)
        #expect(found.base == expected.base)
        #expect(found.counts == expected.counts)
        #expect(found.minimum == parts.flatMap(\.self).min() && found.maximum == parts.flatMap(\.self).max())
        #expect(found.total == UInt64(parts.reduce(0) { $0 + $1.count }))
      }
    }
  }

  @Test func nothingFiniteIsNothing() {
    let h = histogram([[], [.nan, .infinity], [-.infinity]])
    #expect(h.total == 0 && h.notFinite == 3 && h.counts.allSatisfy { $0 == 0 })
    #expect(h.minimum == .infinity && h.maximum == -.infinity)
    var other = histogram([[1]])
    other.merge(h)
    #expect(other.total == 1 && other.notFinite == 3)
  }

  /// Each image's values are in the histogram of the power of two that its largest magnitude falls into.
  @Test func imagesGoByTheirScale() {
    let images: [[Float]] = [[0.5, -0.9], [0.7], [1, 0.1], [-300, 2], [0, 0], [.nan, 3], [.infinity]]
    let all = scaled(images)
    #expect(Set(all.byExponent.keys) == [-1, 0, 8, -126, 1])
    #expect(all.byExponent[-1]?.counts == histogram([images[0], images[1]]).counts)
    #expect(all.byExponent[8]?.total == 2 && all.byExponent[1]?.total == 1)
    #expect(all.notFinite == 2)
    let finite = images.flatMap(\.self).filter(\.isFinite)
    #expect(all.combined.counts == histogram([finite]).counts && all.combined.total == UInt64(finite.count))
    // Whatever was seen first, by whom.
    var merged = scaled(images.suffix(3).reversed())
    merged.merge(scaled(Array(images.prefix(4))))
    #expect(merged.byExponent.mapValues(\.counts) == all.byExponent.mapValues(\.counts))
    #expect(merged.notFinite == 2)
  }
}
