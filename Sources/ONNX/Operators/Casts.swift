import IR
import Operators
import Tensors

/// Cast.
enum Casts: ONNXFamily {
  static let readers: [String: NodeReader] = ["Cast": cast]

  private static func cast(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("saturate")
    let x = try node.input(0, "x")
    let target = try DataType.named(try node.int("to")).element
    if target == x.element && x.type.quantization == nil { return try node.identity() }
    return try node.add(Cast(to: target), [x])
  }
}

extension Cast: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.add("Cast", for: node, inputs: emission.names(node.inputs), ["to": .int(DataType.stored(to).rawValue)])
  }
}
