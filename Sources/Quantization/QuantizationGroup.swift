import IR
import Math
import Operators

/// Values that share one quantization.
struct QuantizationGroup: Sendable {
  /// Rising.
  let members: [ValueID]
  /// Whether it is quantized as weights are, z = 0.
  let isSymmetric: Bool
  /// Whether an input of the model is among them.
  let holdsInput: Bool
  /// The function of which the group is nothing but the argument: a table computes it of the integers.
  let function: UnaryFunction?
}

extension QuantizationGroup {
  /// The groups of the values that were observed, by rising roots.
  static func all(
    _ graph: Graph, order: [Node], domains: Domains, observed: some Sequence<ValueID>
  ) -> [QuantizationGroup] {
    var sets = ValueSets()
    var symmetric: [ValueID] = []
    for node in order {
      guard let output = node.outputs.first else { continue }
      if domains.isInt8(node), let product = node.op as? any Int8ConvertibleProduct,
        let input = node.inputs[product.symmetricInput]
      {
        symmetric.append(input)
      }
      if Int8Form.passesThrough(node), let input = node.inputs.first ?? nil {
        for output in node.outputs { sets.join(output, input) }
      } else if Int8Form.takesInputsAtOutputScale(node), domains.isInt8(output) {
        for case let input? in node.inputs where isWritten(input, atOutputScaleOf: node, in: graph) {
          sets.join(input, output)
        }
      }
    }
    var members: [ValueID: [ValueID]] = [:]
    for value in observed.sorted() { members[sets.root(of: value), default: []].append(value) }
    let symmetricRoots = Set(symmetric.map { sets.root(of: $0) })
    return members.sorted { $0.key < $1.key }.map { root, members in
      QuantizationGroup(
        members: members, isSymmetric: symmetricRoots.contains(root),
        holdsInput: members.contains { graph.inputs.contains($0) },
        function: members.count == 1 ? function(of: members[0], in: graph, domains) : nil)
    }
  }

  /// Whether an input of a node that allows it takes the output's scale from the start.
  ///
  /// That costs nothing where nothing else reads the input. In a chain of concatenations, as dense blocks are, what was
  /// joined before would otherwise be rounded again at each link.
  private static func isWritten(_ input: ValueID, atOutputScaleOf node: Node, in graph: Graph) -> Bool {
    graph.soleUser(of: input)?.id == node.id
      || graph.producer(of: input).map(Int8Form.takesInputsAtOutputScale) ?? false
  }

  private static func function(of value: ValueID, in graph: Graph, _ domains: Domains) -> UnaryFunction? {
    guard let user = graph.soleUser(of: value), let unary = user.op as? Unary, domains.isInt8(user),
      unary.function.clampBounds == nil
    else { return nil }
    return unary.function
  }
}

/// A union-find over value ids, rooted at the smallest.
private struct ValueSets {
  private var parents: [ValueID: ValueID] = [:]

  /// The root, which those on the way then point to at once.
  mutating func root(of value: ValueID) -> ValueID {
    var root = value
    while let parent = parents[root] { root = parent }
    var current = value
    while let parent = parents[current], parent != root {
      parents[current] = root
      current = parent
    }
    return root
  }

  mutating func join(_ a: ValueID, _ b: ValueID) {
    let (first, second) = (root(of: a), root(of: b))
    if first != second { parents[max(first, second)] = min(first, second) }
  }
}
