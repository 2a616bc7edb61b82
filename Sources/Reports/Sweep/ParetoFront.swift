/// What nothing beats: points of which no other is at least as good in both respects and better in one.
enum ParetoFront {
  /// The positions of those on the front, in the order of x; less is better of x and y. What is no number is on none.
  ///
  /// Of points that are equal in both respects all are on it.
  static func positions(_ points: [(x: Double, y: Double)]) -> [Int] {
    let known = points.indices.filter { points[$0].x.isFinite && points[$0].y.isFinite }
    return known.filter { position in
      let (x, y) = points[position]
      return !known.contains { other in
        let (otherX, otherY) = points[other]
        return otherX <= x && otherY <= y && (otherX < x || otherY < y)
      }
    }.sorted { (points[$0].x, $0) < (points[$1].x, $1) }
  }
}
