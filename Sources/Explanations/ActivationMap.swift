/// How much each place of an image speaks for a class: numbers that are not below 0, rows from the top.
package struct ActivationMap: Sendable, Equatable {
  package let height: Int
  package let width: Int
  package let values: [Float]

  /// - Parameter values: `height * width` numbers; what is below 0, speaking against the class, becomes 0
  package init(height: Int, width: Int, values: [Float]) {
    precondition(height > 0 && width > 0 && values.count == height * width, "a map has a number for each place")
    self.height = height
    self.width = width
    self.values = values.map { max(0, $0) }
  }

  /// The largest number.
  package var peak: Float { values.reduce(0, max) }

  /// Whether no place speaks for the class, so that there is nothing to show.
  package var isEmpty: Bool { peak == 0 }

  /// The same with 1 as the largest number; of an empty map itself.
  package var normalized: ActivationMap {
    let peak = peak
    guard peak > 0 else { return self }
    return ActivationMap(height: height, width: width, values: values.map { $0 / peak })
  }

  /// Where the largest number is, the first of equal ones; the middle of that place as fractions of width and height.
  package var peakPlace: (x: Double, y: Double) {
    let peak = peak
    guard let index = values.firstIndex(of: peak) else { preconditionFailure("a map has not its own largest number") }
    return ((Double(index % width) + 0.5) / Double(width), (Double(index / width) + 0.5) / Double(height))
  }

  /// At another size, linearly between the middles of places; beyond the outer ones their numbers stay.
  package func resized(height: Int, width: Int) -> ActivationMap {
    guard height != self.height || width != self.width else { return self }
    let rows = ActivationMap.taps(from: self.height, to: height)
    let columns = ActivationMap.taps(from: self.width, to: width)
    var result: [Float] = []
    result.reserveCapacity(height * width)
    for row in rows {
      let (first, second) = (row.first * self.width, row.second * self.width)
      for column in columns {
        let above = mix(values[first + column.first], values[first + column.second], column.weight)
        let below = mix(values[second + column.first], values[second + column.second], column.weight)
        result.append(mix(above, below, row.weight))
      }
    }
    return ActivationMap(height: height, width: width, values: result)
  }

  /// Between the middles of places, at a point in fractions of width and height.
  package func value(x: Double, y: Double) -> Float {
    let row = ActivationMap.tap(y * Double(height) - 0.5, height)
    let column = ActivationMap.tap(x * Double(width) - 0.5, width)
    let above = mix(
      values[row.first * width + column.first], values[row.first * width + column.second], column.weight)
    let below = mix(
      values[row.second * width + column.first], values[row.second * width + column.second], column.weight)
    return mix(above, below, row.weight)
  }

  private typealias Tap = (first: Int, second: Int, weight: Float)

  private static func taps(from source: Int, to target: Int) -> [Tap] {
    (0..<target).map { tap((Double($0) + 0.5) * Double(source) / Double(target) - 0.5, source) }
  }

  private static func tap(_ place: Double, _ count: Int) -> Tap {
    let place = min(max(place, 0), Double(count - 1))
    let first = Int(place)
    return (first, min(first + 1, count - 1), Float(place - Double(first)))
  }

  private func mix(_ a: Float, _ b: Float, _ weight: Float) -> Float { a + (b - a) * weight }
}
