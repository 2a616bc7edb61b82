import CanonicalJSON
import IR
import Tensors

/// An attribute as the graph section stores it: tensors by their place.
enum StoredAttribute: Sendable {
  case value(Attribute)
  case tensor(StoredTensor)

  /// An object with one member: the attribute's kind and its value.
  var json: JSON {
    switch self {
    case .value(.int(let value)): ["int": .int(value)]
    case .value(.float(let value)): ["float": .float(value)]
    case .value(.string(let value)): ["string": .string(value)]
    case .value(.ints(let values)): ["ints": .ints(values)]
    case .value(.floats(let values)): ["floats": .array(values.map { .float($0) })]
    case .value(.strings(let values)): ["strings": .strings(values)]
    case .value(.tensor(let tensor)): ["tensor": .object(tensor.type.json)]
    case .tensor(let stored):
      ["tensor": .object(stored.placeJSON.reduce(into: stored.type.json) { $0[$1.0] = $1.1 })]
    }
  }

  init(_ node: JSONNode, layout: inout TensorLayout) throws(JSONError) {
    let members = try node.members()
    guard members.count == 1, let (kind, node) = members.first else {
      throw node.error("expected one member, the attribute's kind")
    }
    switch kind {
    case "int": self = .value(.int(try node.int()))
    case "float": self = .value(.float(try node.anyFloat()))
    case "string": self = .value(.string(try node.string()))
    case "ints": self = .value(.ints(try node.ints()))
    case "floats":
      self = .value(.floats(try node.elements().map { (element) throws(JSONError) in try element.anyFloat() }))
    case "strings": self = .value(.strings(try node.strings()))
    case "tensor":
      try node.allowOnly("element", "shape", "quantization", "section", "offset")
      let type = try TensorType(node)
      self = .tensor(
        try StoredTensor(node, type: type, sections: [.holding(type.element)], layout: &layout))
    default: throw node.error("\(shortened(kind)) is not a kind of attribute")
    }
  }
}
