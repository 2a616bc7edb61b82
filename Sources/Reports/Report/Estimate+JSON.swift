package import CanonicalJSON
package import Metrics

extension Estimate {
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
