import IR
import Operators
import Tensors

extension Pass {
  /// Removes channels from all nodes on their way.
  ///
  ///     y[k] = sum over c of w[k, c] x[c]     for the k and c that are left
  ///
  /// Before: any float graph. Conditions: channels go by whole groups. Changes what the graph computes, unless what is
  /// removed was met by zeros alone.
  ///
  /// - Parameters:
  ///   - groups: of the graph the pass is run on
  ///   - removed: the numbers of those that go
  package static func removeChannels(_ groups: ChannelGroups, _ removed: Set<Int>) -> Pass {
    Pass("remove-channels", "remove channels that the answer hardly depends on") {
      (graph: inout Graph, log: inout PassLog) throws(Refusal) in
      let before = graph
      func kept(_ value: ValueID) -> [Int] {
        let groups = groups.groups(of: value)
        guard groups.contains(where: removed.contains) else {
          let shape = before.type(of: value).shape
          return Array(0..<(shape.count > 1 ? shape[1] : 0))
        }
        return groups.indices.filter { !removed.contains(groups[$0]) }
      }
      func isChanged(_ value: ValueID) -> Bool { groups.groups(of: value).contains(where: removed.contains) }
      for (id, reason) in groups.needed {
        if let node = graph[id] { log.refused(node, reason) }
      }
      for node in before.nodesInOrder() {
        let flowing = node.inputs.map { $0.flatMap { before.constant($0) == nil ? $0 : nil } }
        guard node.outputs.contains(where: isChanged) || flowing.contains(where: { $0.map(isChanged) ?? false }),
          let op = node.op as? any ChannelKeeping, let output = node.outputs.first
        else { continue }
        let left = kept(output)
        let (other, constants) = op.keeping(
          flowing.map { $0.map(kept) }, output: left, of: before.operands(of: node))
        var inputs = node.inputs
        for (index, constant) in constants.sorted(by: { $0.key < $1.key }) {
          inputs[index] = graph.addConstant("\(node.name)_left\(index)", constant)
        }
        try graph.rewrite(node, as: other, inputs: inputs)
        if case .mixed = op.channelFlow(before.operands(of: node), before.type(of: output)) {
          let (x, y) = (flowing[0].map { kept($0).count } ?? 0, left.count)
          let (xBefore, yBefore) = (flowing[0].map { before.shape($0)[1] } ?? 0, before.shape(output)[1])
          log.applied(node, "\(x) of \(xBefore) channels in, \(y) of \(yBefore) out")
        }
      }
      graph.removeUnusedConstants()
    }
  }
}
