import CONNX
import IR
import Tensors

/// A NodeProto as the importer sees it.
struct NodeRecord {
  var name: String
  let opType: String
  let domain: String
  let inputs: [String]
  let outputs: [String]
  let attributes: [String: Attribute]
  /// Attributes of a kind no supported operator has: subgraphs, sparse tensors, types.
  let foreignAttributes: [String]
}

/// A ValueInfoProto of a tensor.
struct ValueRecord {
  enum Dimension: Equatable {
    case fixed(Int)
    /// A symbol, or nothing at all ("").
    case free(String)
  }

  let name: String
  /// ONNX's TensorProto.DataType, or 0.
  let dataType: Int
  /// Nil when the file does not say.
  let shape: [Dimension]?
}

/// Decodes single messages with protobuf-c.
enum Messages {
  static func node(_ file: MappedFile, _ range: Range<Int>) throws(Failure) -> NodeRecord {
    let base = file.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = onnx__node_proto__unpack(nil, range.count, base.map { $0 + range.lowerBound }) else {
      throw undecodable("NodeProto", range)
    }
    defer { onnx__node_proto__free_unpacked(message, nil) }
    let proto = message.pointee
    // protobuf-c keeps the order of repeated fields, so the n-th tensor belongs to the n-th attribute.
    let tensors = try attributeTensors(file, range)
    var attributes: [String: Attribute] = [:]
    var foreign: [String] = []
    for index in 0..<proto.n_attribute {
      guard let attribute = proto.attribute[index]?.pointee else { continue }
      let name = string(attribute.name)
      if attribute.ref_attr_name.map({ $0.pointee != 0 }) ?? false {
        foreign.append(name)
      } else if let value = try value(of: attribute, file, index < tensors.count ? tensors[index] : []) {
        attributes[name] = value
      } else {
        foreign.append(name)
      }
    }
    return NodeRecord(
      name: string(proto.name), opType: string(proto.op_type), domain: string(proto.domain),
      inputs: strings(proto.input, proto.n_input), outputs: strings(proto.output, proto.n_output),
      attributes: attributes, foreignAttributes: foreign)
  }

  static func value(_ file: MappedFile, _ range: Range<Int>) throws(Failure) -> ValueRecord {
    let base = file.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = onnx__value_info_proto__unpack(nil, range.count, base.map { $0 + range.lowerBound }) else {
      throw undecodable("ValueInfoProto", range)
    }
    defer { onnx__value_info_proto__free_unpacked(message, nil) }
    let name = string(message.pointee.name)
    guard let tensor = message.pointee.type?.pointee.tensor_type?.pointee else {
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

  static func operatorSet(
    _ file: MappedFile, _ range: Range<Int>
  ) throws(Failure) -> (domain: String, version: Int) {
    let base = file.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = onnx__operator_set_id_proto__unpack(nil, range.count, base.map { $0 + range.lowerBound }) else {
      throw undecodable("OperatorSetIdProto", range)
    }
    defer { onnx__operator_set_id_proto__free_unpacked(message, nil) }
    return (string(message.pointee.domain), Int(message.pointee.version))
  }

  static func entry(_ file: MappedFile, _ range: Range<Int>) throws(Failure) -> (key: String, value: String) {
    let base = file.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = onnx__string_string_entry_proto__unpack(nil, range.count, base.map { $0 + range.lowerBound })
    else { throw undecodable("StringStringEntryProto", range) }
    defer { onnx__string_string_entry_proto__free_unpacked(message, nil) }
    return (string(message.pointee.key), string(message.pointee.value))
  }

  // MARK: Parts

  /// The attribute's value; nil for kinds no supported operator has.
  private static func value(
    of proto: Onnx__AttributeProto, _ file: MappedFile, _ tensor: [Range<Int>]
  ) throws(Failure) -> Attribute? {
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

  /// For each attribute of a node the pieces of its tensor (t = 5), as they lie in the file.
  private static func attributeTensors(
    _ file: MappedFile, _ range: Range<Int>
  ) throws(Failure) -> [[Range<Int>]] {
    var result: [[Range<Int>]] = []
    var node = WireReader(file, range: range)
    while let field = try node.next() {
      guard field.number == 5, let attribute = field.range else { continue }
      var pieces: [Range<Int>] = []
      var reader = WireReader(file, range: attribute)
      while let part = try reader.next() {
        if part.number == 5, let tensor = part.range { pieces.append(tensor) }
      }
      result.append(pieces)
    }
    return result
  }

  private static func undecodable(_ message: String, _ range: Range<Int>) -> Failure {
    Failure("the \(message) at byte \(range.lowerBound) cannot be decoded", remedy: "the file is damaged")
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
