package import CanonicalJSON

/// A measure and, where it was resampled, its 95 % bootstrap interval.
package struct Estimate: Sendable, Equatable {
  package let value: Double
  package let low: Double?
  package let high: Double?

  package init(_ value: Double, low: Double? = nil, high: Double? = nil) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// The estimate, with 3 / samples to each side where its interval has no width.
  func widened(samples: Int, to bounds: ClosedRange<Double> = -1...1) -> Estimate {
    widened(margin: samples > 0 ? 3 / Double(samples) : nil, to: bounds)
  }

  /// The estimate, with a margin to each side where its interval has no width.
  package func widened(margin: Double?, to bounds: ClosedRange<Double> = -1...1) -> Estimate {
    guard let low, low == high, let margin else { return self }
    return Estimate(value, low: max(bounds.lowerBound, low - margin), high: min(bounds.upperBound, low + margin))
  }

  package var json: JSON {
    ["value": .finite(value), "low": .finite(low), "high": .finite(high)]
  }

  /// Reads what `json` writes, or a number alone; nil where the value itself is null.
  init?(_ node: JSONNode) throws(JSONError) {
    switch node.value {
    case .int, .double: self.init(try node.double())
    default:
      guard let value = try node.optional("value")?.double() else { return nil }
      self.init(value, low: try node.optional("low")?.double(), high: try node.optional("high")?.double())
    }
  }
}

extension JSONNode {
  /// What a report may count at most, so that sums over everything in it never overflow.
  static let counts = 0...(1 << 46)

  /// The count in a member; 0 where there is none.
  func count(_ key: String) throws(JSONError) -> Int { try optional(key)?.int(in: JSONNode.counts) ?? 0 }

  /// The estimate in a member; nil where there is none.
  func estimate(_ key: String) throws(JSONError) -> Estimate? {
    guard let node = try optional(key) else { return nil }
    return try Estimate(node)
  }
}

extension JSON {
  static func estimate(_ estimate: Estimate?) -> JSON { estimate?.json ?? .null }
}
