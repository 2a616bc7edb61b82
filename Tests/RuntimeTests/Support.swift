import IR
import Operators
import Tensors
import Testing
import Threads

/// The values of a network of one input, computed node by node by the operators alone.
func values(of graph: Graph, _ input: Tensor) throws -> [ValueID: Tensor] {
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
  return values
}

/// The first output of such a network.
func reference(_ graph: Graph, _ input: Tensor) throws -> Tensor {
  try #require(try values(of: graph, input)[graph.outputs[0]])
}
