package import IR
import Operators
package import Tensors

/// The last value of a network that is still an image: several channels over rows and columns, through which all that
/// the network makes of its input goes on its way to an output.
///
/// That is the input of the global pooling, after its activation, in most classifiers; the last feature map before it
/// is flattened in others.
package struct LastActivation: Sendable {
  package let value: ValueID
  /// What it consists of.
  package let channels: Int
  package let height: Int
  package let width: Int

  /// - Parameters:
  ///   - input: of the graph, where images go
  ///   - output: a value computed of it
  /// - Throws: where no value of the kind is there
  package init(of graph: Graph, from input: ValueID, to output: ValueID) throws(Refusal) {
    let passages = LastActivation.passages(graph, from: input, to: output)
    let planes = LastActivation.planes(graph)
    let found = passages.last { value in
      let shape = graph.type(of: value).shape
      return planes.contains(value) && shape[0] == 1 && shape[2] * shape[3] > 1
    }
    guard let found else {
      throw Refusal(
        "between input \(graph[input].name) and output \(graph[output].name) no value of rows and columns is left that "
          + "everything goes through, of which a map could be made",
        remedy: "use --method occlusion")
    }
    let shape = graph.type(of: found).shape
    (value, channels, height, width) = (found, shape[1], shape[2], shape[3])
  }

  /// The values that every way from the input to the output goes through, in order.
  ///
  /// In any order of the nodes, all before such a value are computed before and all behind it after: it is then the
  /// only one that is still to be read.
  private static func passages(_ graph: Graph, from input: ValueID, to output: ValueID) -> [ValueID] {
    let order = graph.nodesInOrder()
    var reached: Set<ValueID> = [input]
    for node in order where node.inputs.contains(where: { $0.map(reached.contains) == true }) {
      reached.formUnion(node.outputs)
    }
    var needed: Set<ValueID> = [output]
    for node in order.reversed() where node.outputs.contains(where: needed.contains) {
      needed.formUnion(node.inputs.compactMap(\.self))
    }
    let onWay = reached.intersection(needed)
    let nodes = order.filter { $0.outputs.contains(where: onWay.contains) }
    var reads: [ValueID: Int] = [output: 1]
    for node in nodes {
      for case let value? in node.inputs where onWay.contains(value) { reads[value, default: 0] += 1 }
    }
    var open: Set<ValueID> = onWay.contains(input) ? [input] : []
    var passages: [ValueID] = []
    for node in nodes {
      for case let value? in node.inputs where onWay.contains(value) {
        reads[value, default: 0] -= 1
        if reads[value] == 0 { open.remove(value) }
      }
      open.formUnion(node.outputs.filter(onWay.contains))
      if open.count == 1 { passages += open }
    }
    return passages
  }

  /// The 4-D values that are [N, C, H, W]: what an operator of images gives, and what is made of that element by
  /// element. A transpose or a reshape gives something else.
  private static func planes(_ graph: Graph) -> Set<ValueID> {
    var planes: Set<ValueID> = []
    for node in graph.nodesInOrder() {
      let flowing = node.inputs.compactMap(\.self).filter { graph[$0].constant == nil && graph.type(of: $0).rank == 4 }
      let isKept = !flowing.isEmpty && flowing.allSatisfy(planes.contains) && !turns(node.op)
      guard isKept || makesPlanes(node.op) else { continue }
      planes.formUnion(node.outputs.filter { graph.type(of: $0).rank == 4 })
    }
    return planes
  }

  private static func makesPlanes(_ op: any Operator) -> Bool {
    switch op {
    case is Conv, is ConvInt8, is ConvTranspose, is MaxPool, is AveragePool, is AveragePoolInt8, is GlobalAveragePool,
      is BatchNormalization:
      true
    default: false
    }
  }

  private static func turns(_ op: any Operator) -> Bool {
    switch op {
    case is Transpose, is Reshape, is MatMul, is MatMulInt8, is Gemm, is GemmInt8: true
    default: false
    }
  }
}
