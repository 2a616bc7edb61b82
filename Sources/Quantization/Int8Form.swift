import IR
import Operators
import Tensors

/// How a node of a float graph can take part in int8, as its operator says.
enum Int8Form {
  /// Why a node has no int8 form; nil when it has one.
  static func refusal(_ node: Node, in graph: Graph) -> String? {
    guard let op = node.op as? any Int8Convertible else { return "int8 has no form for \(node.op.name)" }
    return op.int8Refusal(graph.operands(of: node))
  }

  static func exists(for node: Node, in graph: Graph) -> Bool { refusal(node, in: graph) == nil }

  /// A layer whose multiplications pay for converting its input.
  static func isWeighted(_ node: Node, in graph: Graph) -> Bool {
    node.op is any Int8ConvertibleLayer && exists(for: node, in: graph)
  }

  /// A product of values that flow, whose multiplications pay for converting both.
  static func isProduct(_ node: Node, in graph: Graph) -> Bool {
    node.op is any Int8ConvertibleProduct && exists(for: node, in: graph)
  }

  /// The dimension of a value that channels lie along, as the first layer says that has it as its input; 1 where none
  /// does.
  static func channelAxis(of value: ValueID, in graph: Graph) -> Int {
    for id in graph[value].users {
      guard let node = graph[id], node.inputs.first == value else { continue }
      if let layer = node.op as? any Int8ConvertibleLayer {
        return layer.channelAxis(rank: graph.type(of: value).rank)
      }
    }
    return 1
  }

  /// The dimension of a layer's output that its outputs lie along, which is that of its input's channels.
  static func outputAxis(of output: ValueID, in graph: Graph) -> Int {
    guard let layer = graph.producer(of: output)?.op as? any Int8ConvertibleLayer else { return 1 }
    return layer.channelAxis(rank: graph.type(of: output).rank)
  }

  /// Whether a node only moves or selects elements of one input, so that int8 passes through unchanged.
  static func passesThrough(_ node: Node) -> Bool {
    // One that has a form of its own, as Concat whose inputs have scales of their own, goes by that.
    (node.op as? any ElementMoving)?.movesElements ?? false && !(node.op is any Int8Convertible)
  }

  /// Whether inputs of a node may be written with the output's scale from the start.
  static func takesInputsAtOutputScale(_ node: Node) -> Bool {
    (node.op as? any Int8ConvertibleOperation)?.takesInputsAtOutputScale ?? false
  }
}
