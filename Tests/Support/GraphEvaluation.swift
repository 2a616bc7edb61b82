package import IR
import Operators
package import Tensors
import Threads

/// Computes a graph one node after another, each in memory of its own: slow, and simple enough to compare others with.
package enum GraphEvaluation {
  /// The outputs for the given inputs. With a free batch the inputs may hold any number of images.
  package static func outputs(of graph: Graph, inputs: [Tensor]) throws -> [Tensor] {
    guard inputs.count == graph.inputs.count else {
      throw GraphEvaluationError(description: "\(inputs.count) inputs given, \(graph.inputs.count) expected")
    }
    var graph = graph
    for (id, tensor) in zip(graph.inputs, inputs) {
      var type = graph.type(of: id)
      if graph.hasFreeBatch, let batch = tensor.shape.first { type.shape[0] = batch }
      guard type.element == tensor.element, type.shape == tensor.shape else {
        throw GraphEvaluationError(description: "input \(graph[id].name) is \(tensor.type), expected \(type)")
      }
      graph.setType(id, type)
    }
    try graph.inferTypes()
    var values = Dictionary(uniqueKeysWithValues: zip(graph.inputs, inputs))
    func tensor(_ id: ValueID) -> Tensor? { values[id] ?? graph.constant(id) }
    for node in graph.nodesInOrder() {
      let results = try evaluate(
        node.op, inputs: node.inputs.map { $0.flatMap(tensor) },
        layout: node.op.layout == .channelsLast ? .channelsLast : .rowMajor, workers: Workers(threads: 1)
      ) { index in graph.constant(node.inputs[index]) != nil }
      for (id, result) in zip(node.outputs, results) { values[id] = result }
    }
    return try graph.outputs.map { id in
      guard let result = tensor(id) else {
        throw GraphEvaluationError(description: "output \(graph[id].name) was not computed")
      }
      return result
    }
  }
}

package struct GraphEvaluationError: Error, CustomStringConvertible {
  package let description: String
}
