import IR
import Math
import Operators
import Tensors

/// Which float operators have an int8 form, and how they take part.
enum Int8Form {
  /// A layer whose multiplications pay for converting its input.
  static func isWeighted(_ node: Node, in graph: Graph) -> Bool {
    refusal(node, in: graph) == nil && (node.op is Conv || node.op is Gemm || node.op is ScaleShift)
  }

  static func exists(for node: Node, in graph: Graph) -> Bool { refusal(node, in: graph) == nil }

  /// Why a node has no int8 form; nil when it has one.
  static func refusal(_ node: Node, in graph: Graph) -> String? {
    func isDynamic(_ index: Int) -> Bool {
      index < node.inputs.count && node.inputs[index].map { graph[$0].constant == nil } ?? false
    }
    let x = node.inputs.first.flatMap { $0 }.map { graph.type(of: $0) }
    switch node.op {
    case let conv as Conv:
      return weightsRefusal(node, in: graph, activation: conv.activation)
    case let gemm as Gemm:
      guard x?.rank == 2 else { return "the input has \(x?.rank ?? 0) dimensions, int8 has a form for 2" }
      return weightsRefusal(node, in: graph, activation: gemm.activation)
    case let scaleShift as ScaleShift:
      guard x?.rank == 4 else { return "the input has \(x?.rank ?? 0) dimensions, int8 has a form for 4" }
      return weightsRefusal(node, in: graph, activation: scaleShift.activation)
    case let binary as Binary:
      guard binary.function == .add || binary.function == .mul else {
        return "int8 has no form for \(binary.function.rawValue)"
      }
      guard isDynamic(0), isDynamic(1) else { return "an operand is constant" }
      guard binary.activation.clampBounds != nil else {
        return "activation \(binary.activation.stored.name) is not a clamp"
      }
      let shapes = node.inputs.compactMap { $0.map { graph.type(of: $0).shape } }
      if shapes[0] == shapes[1] { return nil }
      guard binary.function == .mul, MulOperands(shapes[0], shapes[1]) != nil else {
        return "shapes \(shapes[0]) and \(shapes[1]) broadcast in a way int8 has no form for"
      }
      return nil
    case let pool as AveragePool where pool.ceiling && pool.countIncludePad:
      return "windows that overhang the padding are averaged over the padding they cover"
    case is Unary, is GlobalAveragePool, is AveragePool:
      return isDynamic(0) ? nil : "the input is constant"
    case is Concat:
      return node.inputs.indices.allSatisfy(isDynamic) ? nil : "an operand is constant"
    default:
      return "int8 has no form for \(node.op.name)"
    }
  }

  private static func weightsRefusal(_ node: Node, in graph: Graph, activation: UnaryFunction) -> String? {
    guard activation.clampBounds != nil else { return "activation \(activation.stored.name) is not a clamp" }
    guard node.inputs.count > 1, graph.constant(node.inputs[1]) != nil else { return "weights are not constant" }
    if node.inputs.count > 2, let bias = node.inputs[2], graph[bias].constant == nil {
      return "the bias is not constant"
    }
    return nil
  }

  /// Whether a node only moves or selects elements of one input, so that int8 passes through unchanged.
  static func passesThrough(_ node: Node) -> Bool {
    switch node.op {
    // Its inputs have scales of their own: it has an int8 form.
    case is Concat: false
    default: (node.op as? any ElementMoving)?.movesElements ?? false
    }
  }
}

/// Which operand of an int8 product is the full one, and whether the other is per channel.
struct MulOperands {
  let isSwapped: Bool

  init?(_ a: [Int], _ b: [Int]) {
    if a.count == 4, b == [a[0], a[1], 1, 1] {
      isSwapped = false
    } else if b.count == 4, a == [b[0], b[1], 1, 1] {
      isSwapped = true
    } else {
      return nil
    }
  }
}
