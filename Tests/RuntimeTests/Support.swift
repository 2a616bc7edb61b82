import IR
import Math
import Operators
import Tensors
import Testing

/// A network of one input and one output computed node by node by the operators alone.
func reference(_ graph: Graph, _ input: Tensor) throws -> Tensor {
  var values: [ValueID: Tensor] = [graph.inputs[0]: input]
  for node in graph.nodesInOrder() {
    let arguments = node.inputs.map { id in id.flatMap { values[$0] ?? graph[$0].constant } }
    let isConstant = node.inputs.map { id in id.flatMap { graph[$0].constant } != nil }
    let layout: Layout
    if case .channelsLast = node.op.layout { layout = .channelsLast } else { layout = .rowMajor }
    let results = try evaluate(node.op, inputs: arguments, layout: layout, workers: Workers(threads: 1)) {
      isConstant[$0]
    }
    for (id, result) in zip(node.outputs, results) { values[id] = result }
  }
  return try #require(values[graph.outputs[0]])
}
