import IR
import Tensors

/// The nodes of a graph that its outputs depend on, each after those it reads.
enum NodeOrder {
  /// The nodes that `outputs` depend on, named, each with which of its outputs are read, and which of them by a Cast.
  /// Nodes that are in order stay so; else those that one reads come right before it.
  static func live(_ nodes: [NodeRecord], outputs: [String]) throws(Refusal) -> [NodeRecord] {
    var named = nodes
    for index in named.indices where named[index].name.isEmpty { named[index].name = "\(named[index].opType)_\(index)" }
    var needed = Set(outputs)
    needed.remove("")
    var cast: Set<String> = []
    var live: [NodeRecord] = []
    for index in try order(named).reversed() {
      var node = named[index]
      node.readOutputs = Set(node.outputs.indices.filter { needed.contains(node.outputs[$0]) })
      guard !node.readOutputs.isEmpty else { continue }
      node.castOutputs = Set(node.outputs.indices.filter { cast.contains(node.outputs[$0]) })
      if node.opType == "Cast" || node.opType == "CastLike", let first = node.inputs.first { cast.insert(first) }
      needed.formUnion(node.reads)
      needed.remove("")
      live.append(node)
    }
    return live.reversed()
  }

  /// Positions of the nodes such that each comes after those whose outputs it reads; as they are where they do.
  private static func order(_ nodes: [NodeRecord]) throws(Refusal) -> [Int] {
    var producers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty && producers[output] == nil { producers[output] = index }
    }
    let reads = nodes.map { node in node.reads.compactMap { $0.isEmpty ? nil : producers[$0] } }
    guard reads.indices.contains(where: { index in reads[index].contains { $0 >= index } }) else {
      return Array(nodes.indices)
    }
    enum State { case new, entered, placed }
    var states = [State](repeating: .new, count: nodes.count)
    var order: [Int] = []
    for start in nodes.indices {
      var path: [(node: Int, next: Int)] = states[start] == .new ? [(start, 0)] : []
      while let (node, next) = path.last {
        states[node] = .entered
        guard next < reads[node].count else {
          states[node] = .placed
          order.append(node)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let producer = reads[node][next]
        switch states[producer] {
        case .new: path.append((producer, 0))
        case .placed: break
        case .entered:
          let circle = path.drop { $0.node != producer }.map { printable(nodes[$0.node].name) }
          throw Refusal(
            "nodes in a circle, each of which reads what the one after it computes: \(Listing.of(circle))",
            remedy: "the model is damaged: export it again")
        }
      }
    }
    return order
  }
}

/// Lists in messages, which name the first few of many.
enum Listing {
  static func of(_ items: [String], separator: String = ", ", most: Int = 4) -> String {
    guard items.count > most + 1 else { return items.joined(separator: separator) }
    return items.prefix(most).joined(separator: separator) + "\(separator)... and \(items.count - most) more"
  }
}
