import IR
import Operators
import Tensors

/// Cast and CastLike.
enum Casts: ONNXFamily {
  static let limits = "between numbers and truth values; quantized values only behind what quantizes them"
  static let readers: [String: NodeReader] = [
    "Cast": { node throws(Refusal) in try cast(&node, to: DataType.named(try node.int("to")).element) },
    "CastLike": { node throws(Refusal) in try cast(&node, to: try node.input(1, "like").element) },
  ]

  private static func cast(_ node: inout NodeImport, to target: ElementType) throws(Refusal) -> [Symbol] {
    node.ignore("saturate", "round_mode")
    let x = try node.input(0, "x")
    if target == x.element && x.type.quantization == nil { return try node.identity() }
    return try node.add(Cast(to: target), [x])
  }
}

extension Cast: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.add("Cast", for: node, inputs: emission.names(node.inputs), ["to": .int(DataType.stored(to).rawValue)])
  }
}
