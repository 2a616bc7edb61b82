import CONNX
import CProtobufC
import IR
import Platform
import Tensors

/// A NodeProto as the importer sees it.
struct NodeRecord {
  var name: String
  let opType: String
  let domain: String
  /// Which of several functions of one name a call means.
  let overload: String
  var inputs: [String]
  var outputs: [String]
  var attributes: AttributeRecords
  /// The version of the standard operator set the node follows where it is not the model's.
  var opset: Int?
  /// Which outputs something reads.
  var readOutputs: Set<Int> = []
  /// Which outputs a Cast reads.
  var castOutputs: Set<Int> = []

  /// The values the node depends on: its inputs, and what graphs among its attributes take from outside.
  var reads: [String] { attributes.graphs.isEmpty ? inputs : inputs + attributes.graphs.flatMap(\.value.captures) }
}

/// The attributes of a node, by name.
struct AttributeRecords {
  var values: [String: Attribute] = [:]
  /// Branches and bodies of control flow.
  var graphs: [String: GraphRecord] = [:]
  var sparse: [String: SparseTensorRecord] = [:]
  /// In a function: which of its attributes gives the value.
  var references: [String: String] = [:]
  /// Attributes of a kind no supported operator has: lists of tensors and graphs, types.
  var foreign: [String] = []
}

/// A ValueInfoProto of a tensor.
struct ValueRecord {
  enum Dimension: Equatable {
    case fixed(Int)
    /// A symbol, or nothing at all ("").
    case free(String)
  }

  var name: String
  /// ONNX's TensorProto.DataType, or 0.
  let dataType: Int
  /// Nil when the file does not say.
  let shape: [Dimension]?
}

/// Decodes single messages with protobuf-c.
enum Messages {
  /// - Parameter depth: how many graphs the node's graph is in
  static func node(
    _ file: MappedFile, _ range: Range<Int>, budget: inout ReadingBudget, depth: Int = 0
  ) throws(Refusal) -> NodeRecord {
    try budget.takeNode()
    try checkNode(file, range, connections: budget.connectionsLeft)
    let parts = try nodeParts(file, range)
    var node = try decoding(
      "NodeProto", file, range, onnx__node_proto__unpack, onnx__node_proto__free_unpacked
    ) { (proto) throws(Refusal) in
      var attributes = AttributeRecords()
      for index in 0..<proto.n_attribute {
        guard let attribute = proto.attribute[index]?.pointee else { continue }
        // protobuf-c keeps the order of repeated fields, so the n-th parts belong to the n-th attribute.
        let parts = index < parts.attributes.count ? parts.attributes[index] : AttributeParts()
        try add(attribute, parts, to: &attributes, file)
      }
      return NodeRecord(
        name: string(proto.name), opType: string(proto.op_type), domain: string(proto.domain),
        overload: parts.overload, inputs: strings(proto.input, proto.n_input),
        outputs: strings(proto.output, proto.n_output), attributes: attributes)
    }
    budget.takeConnections(node.inputs.count + node.outputs.count)
    for parts in parts.attributes where !parts.graph.isEmpty {
      let graph = try GraphRecord(file, ranges: parts.graph, budget: &budget, depth: depth + 1)
      node.attributes.graphs[parts.name] = graph
    }
    return node
  }

  /// Reads an AttributeProto that stands by itself.
  static func attribute(
    _ file: MappedFile, _ range: Range<Int>, _ attributes: inout AttributeRecords, budget: inout ReadingBudget
  ) throws(Refusal) {
    let parts = try attributeParts(file, range)
    var result = attributes
    try decoding(
      "AttributeProto", file, range, onnx__attribute_proto__unpack, onnx__attribute_proto__free_unpacked
    ) { (proto) throws(Refusal) in try add(proto, parts, to: &result, file) }
    attributes = result
    guard !parts.graph.isEmpty else { return }
    attributes.graphs[parts.name] = try GraphRecord(file, ranges: parts.graph, budget: &budget, depth: 1)
  }

  /// Adds an attribute, but for its graph, to others.
  private static func add(
    _ proto: Onnx__AttributeProto, _ parts: AttributeParts, to attributes: inout AttributeRecords, _ file: MappedFile
  ) throws(Refusal) {
    let name = string(proto.name)
    let reference = string(proto.ref_attr_name)
    if !reference.isEmpty {
      attributes.references[name] = reference
    } else if !parts.sparse.isEmpty {
      attributes.sparse[name] = try SparseTensorRecord(file, ranges: parts.sparse)
    } else if !parts.graph.isEmpty {
      return
    } else if let value = try value(of: proto, file, parts.tensor) {
      attributes.values[name] = value
    } else {
      attributes.foreign.append(name)
    }
  }

  static func value(_ file: MappedFile, _ range: Range<Int>) throws(Refusal) -> ValueRecord {
    try decoding(
      "ValueInfoProto", file, range, onnx__value_info_proto__unpack, onnx__value_info_proto__free_unpacked
    ) { (proto) throws(Refusal) in
      let name = string(proto.name)
      try checkName(name.utf8.count, range)
      guard let tensor = proto.type?.pointee.tensor_type?.pointee else {
        return ValueRecord(name: name, dataType: 0, shape: nil)
      }
      var shape: [ValueRecord.Dimension]?
      if let proto = tensor.shape?.pointee {
        shape = (0..<proto.n_dim).map { index in
          guard let dimension = proto.dim[index]?.pointee else { return .free("") }
          // Exporters write an unknown dimension as a symbol, as nothing, as 0 or as -1.
          if dimension.has_dim_value != 0, dimension.dim_value > 0 { return .fixed(Int(dimension.dim_value)) }
          return .free(string(dimension.dim_param))
        }
      }
      return ValueRecord(name: name, dataType: Int(tensor.elem_type), shape: shape)
    }
  }

  static func operatorSet(
    _ file: MappedFile, _ range: Range<Int>
  ) throws(Refusal) -> (domain: String, version: Int) {
    try decoding(
      "OperatorSetIdProto", file, range, onnx__operator_set_id_proto__unpack,
      onnx__operator_set_id_proto__free_unpacked
    ) { (proto) throws(Refusal) in (string(proto.domain), Int(proto.version)) }
  }

  static func entry(_ file: MappedFile, _ range: Range<Int>) throws(Refusal) -> (key: String, value: String) {
    try decoding(
      "StringStringEntryProto", file, range, onnx__string_string_entry_proto__unpack,
      onnx__string_string_entry_proto__free_unpacked
    ) { (proto) throws(Refusal) in (string(proto.key), string(proto.value)) }
  }

  // MARK: Decoding

  /// What `body` makes of a decoded message, which does not outlive the call.
  private static func decoding<Message, Result>(
    _ name: String, _ file: MappedFile, _ range: Range<Int>,
    _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<Message>?,
    _ free: (UnsafeMutablePointer<Message>?, UnsafeMutablePointer<ProtobufCAllocator>?) -> Void,
    _ body: (Message) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    // Nested messages take a hundred times their bytes; those of a model are small, and hostile ones stop here.
    var left = 16 << 20 + 8 * range.count
    let message = withUnsafeMutablePointer(to: &left) { left in
      var allocator = ProtobufCAllocator(
        alloc: { left, size in
          guard let left = left?.assumingMemoryBound(to: Int.self), size <= left.pointee else { return nil }
          left.pointee -= size
          return malloc(size)
        }, free: { _, memory in Platform.free(memory) }, allocator_data: left)
      return file.withBytes { bytes in
        unpack(&allocator, range.count, bytes[range].withMemoryRebound(to: UInt8.self, \.baseAddress))
      }
    }
    guard let message else {
      throw Refusal("the \(name) at byte \(range.lowerBound) cannot be decoded", remedy: "the file is damaged")
    }
    defer { free(message, nil) }
    return try body(message.pointee)
  }

  /// Refuses a node with more inputs, outputs and letters than models have before it is decoded.
  private static func checkNode(_ file: MappedFile, _ range: Range<Int>, connections: Int) throws(Refusal) {
    var reader = WireReader(file, range: range)
    var count = 0
    while let field = try reader.next() {
      guard let text = field.range, field.number <= 4 || field.number == 8 else { continue }
      try checkName(text.count, range)
      if field.number <= 2 { count += 1 }
    }
    guard count <= connections else {
      throw Refusal(
        "the nodes up to the one at byte \(range.lowerBound) have more than \(Limits.connections) inputs and outputs",
        remedy: Refusal.limitRemedy)
    }
  }

  static func checkName(_ bytes: Int, _ range: Range<Int>) throws(Refusal) {
    guard bytes <= Limits.nameBytes else {
      throw Refusal(
        "a name at byte \(range.lowerBound) has \(bytes) bytes, more than \(Limits.nameBytes)",
        remedy: Refusal.limitRemedy)
    }
  }

  // MARK: Parts

  /// The attribute's value; nil for kinds no supported operator has.
  private static func value(
    of proto: Onnx__AttributeProto, _ file: MappedFile, _ tensor: [Range<Int>]
  ) throws(Refusal) -> Attribute? {
    switch kind(of: proto, hasTensor: !tensor.isEmpty) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return .float(proto.f)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return .int(Int(proto.i))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING: return .string(string(proto.s))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
      return .floats(Array(UnsafeBufferPointer(start: proto.floats, count: proto.n_floats)))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
      return .ints(UnsafeBufferPointer(start: proto.ints, count: proto.n_ints).map(Int.init))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
      return .strings((0..<proto.n_strings).map { string(proto.strings[$0]) })
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
      return .tensor(try TensorRecord(file, ranges: tensor).tensor(file, external: nil))
    default: return nil
    }
  }

  /// The declared kind, or what IR version 3 and older files leave to be seen from the fields.
  private static func kind(
    of proto: Onnx__AttributeProto, hasTensor: Bool
  ) -> Onnx__AttributeProto__AttributeType {
    if proto.type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED { return proto.type }
    if hasTensor { return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR }
    if proto.has_f != 0 { return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT }
    if proto.has_i != 0 { return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT }
    if proto.has_s != 0 { return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING }
    if proto.n_floats > 0 { return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS }
    if proto.n_strings > 0 { return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS }
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
  }

  /// The pieces of what an attribute holds that protobuf-c does not decode, as they lie in the file.
  private struct AttributeParts {
    var name = ""
    var tensor: [Range<Int>] = []
    var graph: [Range<Int>] = []
    var sparse: [Range<Int>] = []
  }

  private static func nodeParts(
    _ file: MappedFile, _ range: Range<Int>
  ) throws(Refusal) -> (attributes: [AttributeParts], overload: String) {
    var attributes: [AttributeParts] = []
    var overload = ""
    var node = WireReader(file, range: range)
    while let field = try node.next() {
      if field.number == 5, let attribute = field.range { attributes.append(try attributeParts(file, attribute)) }
      if field.number == 8 { overload = field.string(in: file) ?? "" }
    }
    return (attributes, overload)
  }

  private static func attributeParts(_ file: MappedFile, _ range: Range<Int>) throws(Refusal) -> AttributeParts {
    var parts = AttributeParts()
    var reader = WireReader(file, range: range)
    while let part = try reader.next() {
      guard let piece = part.range else { continue }
      switch part.number {
      case 1: parts.name = part.string(in: file) ?? ""
      case 5: parts.tensor.append(piece)
      case 6: parts.graph.append(piece)
      case 22: parts.sparse.append(piece)
      default: break
      }
    }
    return parts
  }

  private static func string(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }

  private static func string(_ bytes: ProtobufCBinaryData) -> String {
    String(decoding: UnsafeBufferPointer(start: bytes.data, count: bytes.len), as: UTF8.self)
  }

  private static func strings(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
  ) -> [String] {
    guard let list else { return [] }
    return (0..<count).map { string(list[$0]) }
  }
}
