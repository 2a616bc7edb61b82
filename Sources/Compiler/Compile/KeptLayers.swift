import IR
import Reports
import Tensors
import Texts

/// The nodes that stay float because the user names them.
enum KeptLayers {
  /// The nodes with these names: their own, or those they have in the model's file.
  static func nodes(named names: [String], in graph: Graph) throws(Refusal) -> Set<NodeID> {
    guard !names.isEmpty else { return [] }
    var known: [String: [NodeID]] = [:]
    let order = graph.nodesInOrder()
    for node in order {
      for name in Set([node.name] + node.origins) { known[name, default: []].append(node.id) }
    }
    var result: Set<NodeID> = []
    for name in names {
      guard let nodes = known[name] else { throw unknown(name, among: order.map(\.name)) }
      result.formUnion(nodes)
    }
    return result
  }

  private static func unknown(_ name: String, among known: [String]) -> Refusal {
    let nearest = Spelling.nearest(to: name, among: known).map { [$0] } ?? []
    let near = (nearest + known.filter { !name.isEmpty && $0.contains(name) && !nearest.contains($0) }).prefix(3)
    let hint = near.isEmpty ? "" : "; did you mean \(near.map { Printable.name($0) }.joined(separator: ", "))?"
    return .usage(
      "--keep-float \(Printable.name(name)): is no node of the simplified model\(hint) "
        + "(dermc analyze and the report list them)")
  }
}
