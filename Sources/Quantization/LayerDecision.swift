/// What the quantizer did with one node of the float graph, for the report.
package struct LayerDecision: Sendable {
  package enum Precision: String, Sendable {
    case int8
    case float32
    /// Works on whatever its input is.
    case passThrough = "pass-through"
  }

  package let node: String
  package let op: String
  package let precision: Precision
  /// Why the node stays float; empty for int8.
  package let reason: String
  /// Channels whose weight scale was raised so that the bias fits int32.
  package var raisedScales: Int

  package init(node: String, op: String, precision: Precision, reason: String = "", raisedScales: Int = 0) {
    self.node = node
    self.op = op
    self.precision = precision
    self.reason = reason
    self.raisedScales = raisedScales
  }
}
