package import Tensors

/// Checks what must always hold for a graph; passes run it after every change. The invariants:
///
/// 1. every input of a node is a graph input, a constant or the output of a node of the graph;
/// 2. no value has two producers, no constant has one, and there is no cycle;
/// 3. users and producers recorded at values are those that nodes name;
/// 4. every output has the type its operator infers from the inputs;
/// 5. graph outputs exist and are produced by something;
/// 6. shapes are within `Limits`.
package enum Verifier {
  package static func check(_ graph: Graph) throws(Refusal) {
    let values = graph.valueIDs
    var isAvailable = [Bool](repeating: false, count: values.count)
    for id in graph.inputs { isAvailable[Int(id.index)] = true }
    for id in values {
      let value = graph[id]
      if value.constant != nil { isAvailable[Int(id.index)] = true }
      guard Limits.count(value.type.shape) != nil else {
        throw Refusal(
          place: Refusal.Place(node: value.name, op: "value"), reason: "shape \(value.type.shape) is beyond the limits")
      }
    }
    var uses = [Int](repeating: 0, count: values.count)
    for node in graph.nodesInOrder() {
      for (position, input) in node.inputs.enumerated() {
        guard let input else { continue }
        guard isAvailable[Int(input.index)] else {
          throw Refusal(node, "input \(graph[input].name) is used before it is produced")
        }
        uses[Int(input.index)] += 1
        guard graph.isRecorded(node, input: position) else {
          throw Refusal(node, "is not among the users of its input \(graph[input].name)")
        }
      }
      let types: [TensorType]
      do throws(Refusal) {
        types = try node.op.inferTypes(graph.operands(of: node))
      } catch {
        throw error.at(node)
      }
      guard types.count == node.outputs.count else { throw Refusal(node, "has the wrong number of outputs") }
      for (output, type) in zip(node.outputs, types) {
        guard graph[output].type == type else {
          throw Refusal(
            node, "output \(graph[output].name) is recorded as \(graph[output].type), inferred as \(type)")
        }
        guard graph[output].producer == node.id, !isAvailable[Int(output.index)] else {
          throw Refusal(node, "output \(graph[output].name) has another producer")
        }
        isAvailable[Int(output.index)] = true
      }
    }
    for id in values where uses[Int(id.index)] != graph[id].uses.count {
      throw Refusal(place: Refusal.Place(node: graph[id].name, op: "value"), reason: "records users that do not use it")
    }
    for output in graph.outputs where !isAvailable[Int(output.index)] {
      throw Refusal(place: Refusal.Place(node: graph[output].name, op: "output"), reason: "is not produced by any node")
    }
  }
}
