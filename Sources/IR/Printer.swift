extension Graph: CustomStringConvertible {
  /// The graph as text, one line a node: the form tests compare.
  ///
  ///     input: float32[1,3,8,8]
  ///     y = Conv(input, w: float32[4,3,3,3]) kernel_shape=[3, 3] -> float32[1,4,6,6]
  ///     return y
  package var description: String {
    var lines = inputs.map { "\(self[$0].name): \(self[$0].type)" }
    for node in nodesInOrder() {
      let arguments = node.inputs.map { input -> String in
        guard let input else { return "-" }
        let value = self[input]
        return value.constant == nil ? value.name : "\(value.name): \(value.type)"
      }
      let attributes = node.op.attributes.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      let names = node.outputs.map { self[$0].name }.joined(separator: ", ")
      let types = node.outputs.map { "\(self[$0].type)" }.joined(separator: ", ")
      lines.append("\(names) = \(node.op.name)(\(arguments.joined(separator: ", ")))\(attributes) -> \(types)")
    }
    lines.append("return " + outputs.map { self[$0].name }.joined(separator: ", "))
    return lines.joined(separator: "\n")
  }
}
