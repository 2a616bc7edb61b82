/// How alike two maps of one image are: numbers that are not below 0, at the same places.
package struct MapComparison: Sendable, Equatable {
  /// Which of the two maps has a number above 0.
  package enum Found: String, Sendable, CaseIterable {
    case both
    case onlyFloat = "only_float"
    case onlyCompiled = "only_compiled"
    /// There is nothing to compare.
    case neither
  }

  package let found: Found
  /// Spearman's correlation of the numbers' ranks, equal numbers with the mean of theirs: 1 where both order all places
  /// alike. 0 where only one map has anything.
  package let correlation: Double
  /// Of the places among the largest fifth of either map the share that is among those of both (intersection over
  /// union). Places of 0 are among none, so that it is 0 where only one map has anything.
  package let overlap: Double
  /// How far the centre of mass moves, as a share of the image's diagonal; nil where a map has none.
  package let shift: Double?

  /// The share of the places that `overlap` looks at.
  package static let topShare = 0.2

  package init(found: Found, correlation: Double, overlap: Double, shift: Double?) {
    self.found = found
    self.correlation = correlation
    self.overlap = overlap
    self.shift = shift
  }

  /// - Parameters:
  ///   - height: rows; of each place there is a number in both maps
  ///   - aspect: the image's width over its height
  package init(float: [Float], compiled: [Float], height: Int, width: Int, aspect: Double) {
    precondition(
      float.count == height * width && compiled.count == float.count && !float.isEmpty, "two maps have the same places")
    let (first, second) = (RankedMap(float), RankedMap(compiled))
    switch (first.isEmpty, second.isEmpty) {
    case (true, true): self.init(found: .neither, correlation: 0, overlap: 0, shift: nil)
    case (false, true): self.init(found: .onlyFloat, correlation: 0, overlap: 0, shift: nil)
    case (true, false): self.init(found: .onlyCompiled, correlation: 0, overlap: 0, shift: nil)
    case (false, false):
      let pairs = zip(first.isTop, second.isTop)
      let (common, either) = (pairs.count { $0 && $1 }, pairs.count { $0 || $1 })
      let (one, other) = (
        MapComparison.centre(float, height, width), MapComparison.centre(compiled, height, width)
      )
      let (across, down) = ((one.x - other.x) * aspect, one.y - other.y)
      self.init(
        found: .both, correlation: MapComparison.correlation(first.ranks, second.ranks),
        overlap: Double(common) / Double(either),
        shift: ((across * across + down * down) / (aspect * aspect + 1)).squareRoot())
    }
  }

  /// Pearson's correlation of ranks. A map that is the same everywhere orders nothing: two such are alike, one and
  /// another are not.
  private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let mean = Double(a.count + 1) / 2
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      ab += (x - mean) * (y - mean)
      aa += (x - mean) * (x - mean)
      bb += (y - mean) * (y - mean)
    }
    guard aa > 0, bb > 0 else { return aa == bb ? 1 : 0 }
    return min(1, max(-1, ab / (aa * bb).squareRoot()))
  }

  /// In fractions of width and height; of a map that is not empty.
  private static func centre(_ values: [Float], _ height: Int, _ width: Int) -> (x: Double, y: Double) {
    var (x, y, mass) = (0.0, 0.0, 0.0)
    for row in 0..<height {
      for column in 0..<width {
        let value = Double(values[row * width + column])
        x += value * (Double(column) + 0.5) / Double(width)
        y += value * (Double(row) + 0.5) / Double(height)
        mass += value
      }
    }
    return (x / mass, y / mass)
  }
}

/// The numbers of a map in their order.
private struct RankedMap {
  /// From 1, equal numbers with the mean of their ranks.
  var ranks: [Double]
  /// Whether a place's number is at least the last of the largest fifth, and above 0.
  var isTop: [Bool]
  let isEmpty: Bool

  init(_ values: [Float]) {
    // Numbers that are not below 0 are ordered like their bits.
    let keys = values.enumerated().map { UInt64($1 > 0 ? $1.bitPattern : 0) << 32 | UInt64($0) }.sorted()
    ranks = [Double](repeating: 0, count: keys.count)
    isTop = [Bool](repeating: false, count: keys.count)
    isEmpty = keys[keys.count - 1] >> 32 == 0
    let top = max(1, Int((MapComparison.topShare * Double(keys.count)).rounded()))
    let least = max(1, keys[keys.count - top] >> 32)
    var start = 0
    while start < keys.count {
      let value = keys[start] >> 32
      var end = start
      while end + 1 < keys.count, keys[end + 1] >> 32 == value { end += 1 }
      for key in keys[start...end] {
        let place = Int(key & 0xFFFF_FFFF)
        ranks[place] = Double(start + end) / 2 + 1
        isTop[place] = value >= least
      }
      start = end + 1
    }
  }
}
