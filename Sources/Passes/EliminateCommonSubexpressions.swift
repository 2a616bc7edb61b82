import IR
import Tensors

extension Pass {
  /// Computes equal things once.
  ///
  ///     y = f(x); z = f(x)   ->   y = f(x), z is y
  ///
  /// Conditions: the same operator with the same attributes on the same inputs (in any order where the operator
  /// commutes); constants count as the same when their types and bits are. Exact.
  package static let eliminateCommonSubexpressions = Pass(
    "eliminate-common-subexpressions", "compute equal things once"
  ) { (graph: inout Graph, log: inout PassLog) in
    shareConstants(&graph)
    var known: [String: Node] = [:]
    for id in graph.nodeIDs {
      guard let node = graph[id], let key = key(of: node) else { continue }
      guard let twin = known[key] else {
        known[key] = node
        continue
      }
      guard zip(node.outputs, twin.outputs).allSatisfy({ graph.canReplace($0, with: $1) }) else {
        log.noEffect(node, "equals \(twin.name), but both name outputs of the model")
        continue
      }
      for (output, same) in zip(node.outputs, twin.outputs) { graph.replaceUses(of: output, with: same) }
      graph.erase(id)
      log.applied(node, "equals \(twin.name)")
    }
  }

  /// What makes two nodes compute the same; nil when attributes do not show their whole value.
  private static func key(of node: Node) -> String? {
    var parts: [String] = [node.op.name]
    for (name, attribute) in node.op.attributes.sorted(by: { $0.key < $1.key }) {
      if case .tensor = attribute { return nil }
      parts.append("\(name)=\(attribute)")
    }
    var inputs = node.inputs.map { $0?.index ?? -1 }
    if let op = node.op as? any Commutative, op.isCommutative { inputs.sort() }
    parts += inputs.map { "\($0)" }
    return parts.joined(separator: "|")
  }

  /// Lets nodes that read equal constants read the first of them.
  private static func shareConstants(_ graph: inout Graph) {
    struct Fingerprint: Hashable {
      let type: TensorType
      let ends: [UInt8]
    }
    var firsts: [Fingerprint: ValueID] = [:]
    var others: [Contents: ValueID] = [:]
    for id in graph.valueIDs {
      guard let tensor = graph.constant(id), !graph[id].uses.isEmpty, !graph.isOutput(id) else { continue }
      // Both ends tell most tensors apart without reading them; only those they do not are known by all their bytes.
      let print = Fingerprint(
        type: tensor.type, ends: tensor.withBytes { Array($0.prefix(64)) + Array($0.suffix(64)) })
      guard let first = firsts[print] else {
        firsts[print] = id
        continue
      }
      if graph.constant(first)?.isIdentical(to: tensor) == true {
        graph.replaceUses(of: id, with: first)
      } else if let twin = others[Contents(tensor: tensor)] {
        graph.replaceUses(of: id, with: twin)
      } else {
        others[Contents(tensor: tensor)] = id
      }
    }
  }

  /// A tensor as a key: equal where type and bits are.
  private struct Contents: Hashable {
    let tensor: Tensor

    static func == (a: Contents, b: Contents) -> Bool { a.tensor.isIdentical(to: b.tensor) }

    func hash(into hasher: inout Hasher) {
      hasher.combine(tensor.type)
      tensor.withBytes { hasher.combine(bytes: $0) }
    }
  }
}
