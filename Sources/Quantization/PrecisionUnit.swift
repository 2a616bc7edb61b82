package import IR
import Operators
import Tensors

/// A node that computes in int8, and what it would change to keep it in float.
package struct PrecisionUnit: Sendable, Equatable {
  package let node: NodeID
  /// What its rounded weights and inputs cost the answers, as it is foretold; of an input that several nodes take an
  /// equal part.
  package let gain: Double
  /// Its weights, which then take four bytes each.
  package let weights: Int
  /// Multiply-accumulates that are then in float.
  package let macs: Int
  /// Elements that it reads and writes, which are then float or converted.
  package let elements: Int
}

extension Quantizer {
  /// The nodes that compute in int8, in order.
  ///
  /// A value is rounded for those that take it in int8, some of them behind others that only move elements. In float
  /// they take it as it is.
  ///
  /// - Parameters:
  ///   - places: what is rounded
  ///   - costs: of each of the places
  package func precisionUnits(_ places: [Roundings.Place], costs: [Double]) -> [PrecisionUnit] {
    var gains: [NodeID: Double] = [:]
    for (place, cost) in zip(places, costs) {
      switch place {
      case .weights(let node): gains[node, default: 0] += cost
      case .value(let value):
        let takers = takers(of: value)
        for node in takers { gains[node, default: 0] += cost / Double(takers.count) }
      }
    }
    return order.filter { domains.isInt8($0) && !Int8Form.passesThrough($0) }.map { node in
      let outputs = node.outputs.map { source.type(of: $0) }
      let inputs = node.inputs.compactMap { $0 }.filter { source[$0].constant == nil }.map { source.type(of: $0) }
      return PrecisionUnit(
        node: node.id, gain: gains[node.id] ?? 0,
        weights: Int8Form.isWeighted(node, in: source)
          ? source.constant(node.inputs.dropFirst().first.flatMap(\.self))?.count ?? 0 : 0,
        macs: node.op.work(source.operands(of: node), outputs).macs,
        elements: (inputs + outputs).reduce(0) { $0 + $1.count })
    }
  }

  /// The nodes that compute with a value in int8.
  private func takers(of value: ValueID) -> Set<NodeID> {
    var takers: Set<NodeID> = []
    var values = [value]
    while let next = values.popLast() {
      for id in source[next].users {
        guard let node = source[id], domains.isInt8(node) else { continue }
        if Int8Form.passesThrough(node) { values += node.outputs } else { takers.insert(id) }
      }
    }
    return takers
  }
}
