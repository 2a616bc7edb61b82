package import IR
import Tensors

/// Numbers a model has learned, counted as training frameworks do.
package struct ParameterCount: Sendable, Equatable {
  /// Weights and biases, and BatchNormalization's scale and shift. Each tensor counts once, however often it is used.
  package private(set) var trainable = 0
  /// BatchNormalization's means and variances.
  package private(set) var runningStatistics = 0

  /// Counts the constants of a graph at the places where operators take learned numbers.
  package init(_ graph: Graph) {
    var counted: Set<ValueID> = []
    func count(_ id: ValueID?) -> Int {
      guard let id, let tensor = graph.constant(id), tensor.element.isFloat, counted.insert(id).inserted else {
        return 0
      }
      return tensor.count
    }
    for node in graph.nodesInOrder() {
      switch node.op.name {
      case "BatchNormalization":
        for id in node.inputs[1..<3] { trainable += count(id) }
        for id in node.inputs[3...] { runningStatistics += count(id) }
      case "Conv", "ConvTranspose", "Gemm", "MatMul", "PRelu", "ScaleShift", "InstanceNormalization",
        "LayerNormalization", "Gather":
        for id in node.inputs { trainable += count(id) }
      case "Binary" where isAffine(node, graph):
        for id in node.inputs { trainable += count(id) }
      default: break
      }
    }
  }

  /// Whether a constant operand is a learned scale or shift: more than one number, or one added to a product.
  private func isAffine(_ node: Node, _ graph: Graph) -> Bool {
    guard case .string(let function)? = node.op.attributes["function"], ["add", "mul"].contains(function),
      let constant = node.inputs.compactMap({ graph.constant($0) }).first
    else { return false }
    if constant.count > 1 { return true }
    let layers: Set<String> = ["Conv", "ConvTranspose", "Gemm", "MatMul"]
    return constant.type.rank > 0 && function == "add"
      && node.inputs.contains { $0.flatMap { graph.producer(of: $0) }.map { layers.contains($0.op.name) } ?? false }
  }
}
