import Tensors

/// Checks what must always hold for a graph; passes run it after every change. The invariants:
///
/// 1. every input of a node is a graph input, a constant or the output of a node of the graph;
/// 2. no value has two producers, no constant has one, and there is no cycle;
/// 3. users and producers recorded at values are those that nodes name;
/// 4. every output has the type its operator infers from the inputs;
/// 5. graph outputs exist and are produced by something;
/// 6. shapes are within `Limits`.
package enum Verifier {
  package static func check(_ graph: Graph) throws(NodeError) {
    var available = Set(graph.inputs)
    for id in graph.valueIDs {
      let value = graph[id]
      if value.constant != nil { available.insert(id) }
      guard Limits.count(value.type.shape) != nil else {
        throw NodeError(node: value.name, op: "value", reason: "shape \(value.type.shape) is beyond the limits")
      }
    }
    let order = graph.nodesInOrder()
    var uses: [ValueID: Int] = [:]
    for node in order {
      for (position, input) in node.inputs.enumerated() {
        guard let input else { continue }
        guard available.contains(input) else {
          throw NodeError(node, "input \(graph[input].name) is used before it is produced")
        }
        uses[input, default: 0] += 1
        guard graph.isRecorded(node, input: position) else {
          throw NodeError(node, "is not among the users of its input \(graph[input].name)")
        }
      }
      let types: [TensorType]
      do throws(OperatorError) {
        types = try node.op.inferTypes(graph.operands(of: node))
      } catch {
        throw NodeError(node, "\(error)")
      }
      guard types.count == node.outputs.count else { throw NodeError(node, "has the wrong number of outputs") }
      for (output, type) in zip(node.outputs, types) {
        guard graph[output].type == type else {
          throw NodeError(
            node, "output \(graph[output].name) is recorded as \(graph[output].type), inferred as \(type)")
        }
        guard graph[output].producer == node.id, available.insert(output).inserted else {
          throw NodeError(node, "output \(graph[output].name) has another producer")
        }
      }
    }
    for id in graph.valueIDs where uses[id, default: 0] != graph[id].uses.count {
      throw NodeError(node: graph[id].name, op: "value", reason: "records users that do not use it")
    }
    for output in graph.outputs where !available.contains(output) {
      throw NodeError(node: graph[output].name, op: "output", reason: "is not produced by any node")
    }
  }
}
