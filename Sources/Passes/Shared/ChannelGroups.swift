package import IR
import Operators
import Tensors

/// The channels of a graph in groups that can only be removed together.
///
/// What a convolution computes goes on, channel by channel, through activations, depthwise convolutions, pools, sums
/// with other branches, concatenations and the factors of squeeze-and-excite blocks to the layers that mix it. All
/// values on such a way lose a channel or none does. A group that reaches what cannot do without stays whole.
package struct ChannelGroups: Sendable {
  /// A channel of a value, along dimension 1.
  package struct Channel: Sendable, Hashable {
    package let value: ValueID
    package let index: Int
  }

  /// Those that can be removed, in the order of the graph.
  package private(set) var groups: [[Channel]] = []
  /// Why others cannot: the nodes that need them, each with its reason.
  package private(set) var needed: [(node: NodeID, reason: String)] = []
  /// The group of each channel of each value, -1 where it stays.
  private var group: [ValueID: [Int]] = [:]

  /// - Parameter others: layers whose inputs stay whole for other reasons
  package init(_ graph: Graph, needing others: [NodeID: String] = [:]) {
    var union = Union()
    let order = graph.nodesInOrder()
    for input in graph.inputs { union.add(input, graph) }
    for node in order { for output in node.outputs { union.add(output, graph) } }
    for value in graph.inputs + graph.outputs { union.keep(value) }
    for node in order {
      let flowing = node.inputs.compactMap { $0 }.filter { graph.constant($0) == nil }
      let reason = ChannelGroups.couple(node, graph, &union)
      let kept = reason == nil ? others[node.id] == nil ? [] : flowing : flowing + node.outputs
      // What stays anyhow is not worth a word.
      let isNews = kept.contains { !union.isKept($0) }
      for value in kept { union.keep(value) }
      if isNews, let reason = reason ?? others[node.id] { needed.append((node.id, reason)) }
    }
    var numbers: [Int: Int] = [:]
    for value in union.values {
      let roots = union.roots(value)
      group[value] = roots.enumerated().map { index, root in
        guard !union.isKeptRoot(root) else { return -1 }
        let number = numbers[root] ?? groups.count
        if numbers[root] == nil {
          numbers[root] = number
          groups.append([])
        }
        groups[number].append(Channel(value: value, index: index))
        return number
      }
    }
  }

  /// Whether a node makes each channel of its output of all channels of its first input.
  package static func mixes(_ node: Node, in graph: Graph) -> Bool {
    guard let op = node.op as? any ChannelKeeping, let output = node.outputs.first,
      case .mixed = op.channelFlow(graph.operands(of: node), graph.type(of: output))
    else { return false }
    return true
  }

  /// The group of each channel of a value, -1 where it stays.
  package func groups(of value: ValueID) -> [Int] { group[value] ?? [] }

  /// Groups that are channels of the same values, each in one.
  package var families: [[Int]] {
    var families: [[Int]] = []
    var numbers: [[ValueID]: Int] = [:]
    for (index, channels) in groups.enumerated() {
      let values = channels.map(\.value)
      if let number = numbers[values] {
        families[number].append(index)
      } else {
        numbers[values] = families.count
        families.append([index])
      }
    }
    return families
  }

  /// Joins what goes together at a node; says why its channels cannot be removed where they cannot.
  private static func couple(_ node: Node, _ graph: Graph, _ union: inout Union) -> String? {
    guard let op = node.op as? any ChannelKeeping, node.outputs.count == 1 else {
      return "\(node.op.name) needs all channels"
    }
    let output = node.outputs[0]
    guard let flow = op.channelFlow(graph.operands(of: node), graph.type(of: output)) else {
      return "\(node.op.name) cannot do without some channels"
    }
    switch flow {
    case .mixed:
      if let weights = node.inputs[1], graph[weights].uses.count > 1 { return "shares its weights with another layer" }
    case .passed(let origins):
      var hasOrigin = [Bool](repeating: false, count: graph.shape(output).count > 1 ? graph.shape(output)[1] : 0)
      for (index, input) in node.inputs.enumerated() {
        guard let input, graph.constant(input) == nil else { continue }
        guard let channels = index < origins.count ? origins[index] : nil else {
          union.keep(input)
          continue
        }
        for (channel, origin) in channels.enumerated() where origin >= 0 {
          union.join((input, origin), (output, channel))
          hasOrigin[channel] = true
        }
      }
      // One for all that is made of what stays whole.
      if hasOrigin.contains(false) { union.keep(output) }
    }
    return nil
  }

  /// Disjoint sets of channels.
  private struct Union {
    private(set) var values: [ValueID] = []
    private var first: [ValueID: Int] = [:]
    private var count: [ValueID: Int] = [:]
    private var parent: [Int] = []
    private var isKept: [Bool] = []

    mutating func add(_ value: ValueID, _ graph: Graph) {
      let type = graph.type(of: value)
      guard type.rank >= 2, type.element == .float32 else { return }
      values.append(value)
      first[value] = parent.count
      count[value] = type.shape[1]
      for _ in 0..<type.shape[1] {
        parent.append(parent.count)
        isKept.append(false)
      }
    }

    private mutating func root(_ element: Int) -> Int {
      var element = element
      while parent[element] != element {
        parent[element] = parent[parent[element]]
        element = parent[element]
      }
      return element
    }

    private func elements(_ value: ValueID) -> Range<Int> {
      guard let first = first[value], let count = count[value] else { return 0..<0 }
      return first..<first + count
    }

    mutating func keep(_ value: ValueID) { for element in elements(value) { isKept[root(element)] = true } }

    mutating func isKept(_ value: ValueID) -> Bool { elements(value).allSatisfy { isKept[root($0)] } }

    func isKeptRoot(_ root: Int) -> Bool { isKept[root] }

    mutating func roots(_ value: ValueID) -> [Int] { elements(value).map { root($0) } }

    mutating func join(_ a: (ValueID, Int), _ b: (ValueID, Int)) {
      let (one, other) = (elements(a.0), elements(b.0))
      guard a.1 < one.count, b.1 < other.count else {
        // A value that is not counted by channels keeps the other whole.
        keep(a.0)
        keep(b.0)
        return
      }
      let roots = [root(one.lowerBound + a.1), root(other.lowerBound + b.1)].sorted()
      guard roots[0] != roots[1] else { return }
      parent[roots[1]] = roots[0]
      isKept[roots[0]] = isKept[roots[0]] || isKept[roots[1]]
    }
  }
}
