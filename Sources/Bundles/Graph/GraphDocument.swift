import CanonicalJSON
import IR
import Tensors

/// The graph section: a graph as plain records, with constants by their place in other sections.
struct GraphDocument: Sendable {
  struct ValueRecord: Sendable {
    let name: String
    let type: TensorType
    let constant: StoredTensor?
  }

  struct NodeRecord: Sendable {
    let name: String
    let op: String
    let attributes: [String: StoredAttribute]
    /// Indices of values; nil where an optional input is left out.
    let inputs: [Int?]
    let outputs: [Int]
    let origins: [String]
  }

  var kind: Bundle.Kind
  var name: String
  var hasFreeBatch: Bool
  /// Indices of values.
  var inputs: [Int]
  var outputs: [Int]
  var values: [ValueRecord]
  /// Each after the nodes that produce its inputs.
  var nodes: [NodeRecord]
}

// MARK: JSON

extension GraphDocument {
  var json: JSON {
    [
      "kind": .string(kind.rawValue), "name": .string(name), "free_batch": .bool(hasFreeBatch),
      "inputs": .ints(inputs), "outputs": .ints(outputs), "values": .array(values.map(\.json)),
      "nodes": .array(nodes.map(\.json)),
    ]
  }

  /// Reads the section and adds the places of its constants to `layout`.
  init(_ node: JSONNode, layout: inout TensorLayout) throws(JSONError) {
    try node.allowOnly("kind", "name", "free_batch", "inputs", "outputs", "values", "nodes")
    guard let kind = Bundle.Kind(rawValue: try node["kind"].string()) else {
      throw try node["kind"].error("expected checkpoint or compiled")
    }
    self.kind = kind
    name = try node["name"].string()
    hasFreeBatch = try node["free_batch"].bool()
    values = []
    nodes = []
    let valueNodes = try node["values"].elements()
    guard valueNodes.count <= BundleLimits.values else {
      throw try node["values"].error("more than \(BundleLimits.values) values")
    }
    for node in valueNodes { values.append(try ValueRecord(node, layout: &layout)) }
    inputs = try GraphDocument.ports(node["inputs"], values: values.count)
    outputs = try GraphDocument.ports(node["outputs"], values: values.count)
    let nodeNodes = try node["nodes"].elements()
    guard nodeNodes.count <= BundleLimits.nodes else {
      throw try node["nodes"].error("more than \(BundleLimits.nodes) nodes")
    }
    var uses = 0
    for node in nodeNodes {
      uses += try node["inputs"].elements().count
      guard uses <= BundleLimits.uses else { throw node.error("more than \(BundleLimits.uses) inputs of nodes") }
      nodes.append(try NodeRecord(node, values: values.count, layout: &layout))
    }
  }

  private static func ports(_ node: JSONNode, values: Int) throws(JSONError) -> [Int] {
    guard try node.elements().count <= BundleLimits.ports else {
      throw node.error("more than \(BundleLimits.ports) values")
    }
    return try node.indices(below: values)
  }
}

extension GraphDocument.ValueRecord {
  var json: JSON {
    var object = type.json
    object["name"] = .string(name)
    if let constant { object["constant"] = .object(constant.placeJSON) }
    return .object(object)
  }

  init(_ node: JSONNode, layout: inout TensorLayout) throws(JSONError) {
    try node.allowOnly("name", "element", "shape", "quantization", "constant")
    name = try node["name"].string()
    type = try TensorType(node)
    guard let place = try node.optional("constant") else {
      constant = nil
      return
    }
    try place.allowOnly("section", "offset")
    constant = try StoredTensor(place, type: type, sections: [.holding(type.element)], layout: &layout)
  }
}

extension GraphDocument.NodeRecord {
  var json: JSON {
    var stored = JSONObject()
    for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) { stored[name] = attribute.json }
    return [
      "name": .string(name), "op": .string(op), "attributes": .object(stored), "origins": .strings(origins),
      "inputs": .array(inputs.map { $0.map { .int($0) } ?? .null }), "outputs": .ints(outputs),
    ]
  }

  init(_ node: JSONNode, values: Int, layout: inout TensorLayout) throws(JSONError) {
    try node.allowOnly("name", "op", "attributes", "inputs", "outputs", "origins")
    name = try node["name"].string()
    op = try node["op"].string()
    origins = try node["origins"].strings()
    inputs = try node["inputs"].elements().map { (input) throws(JSONError) in
      input.value == .null ? nil : try input.index(below: values)
    }
    outputs = try node["outputs"].indices(below: values)
    var attributes: [String: StoredAttribute] = [:]
    // Tensors of attributes are placed in the order of the attributes' names.
    let members = try node["attributes"].members().sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    for (name, attribute) in members { attributes[name] = try StoredAttribute(attribute, layout: &layout) }
    self.attributes = attributes
  }
}
