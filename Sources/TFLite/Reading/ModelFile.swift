import IR
import Tensors

/// The tables of a model file: its tensors and operators, with weights left where they lie.
///
/// Field numbers are those of the schema, counted from 0 in the order its tables declare them, unions as two.
/// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
struct ModelFile {
  let file: MappedFile
  /// What the converter says of itself.
  let producer: String
  let tensors: [TensorRecord]
  let nodes: [OperatorRecord]
  /// Indices of tensors.
  let inputs: [Int]
  let outputs: [Int]
  /// Where metadata of a name lie in the file.
  let metadata: [(name: String, bytes: Range<Int>)]
  private let buffers: FlatVector?

  private enum ModelField {
    static let version = 0, operatorCodes = 1, subgraphs = 2, description = 3, buffers = 4, metadata = 6
  }

  private enum SubgraphField { static let tensors = 0, inputs = 1, outputs = 2, operators = 3 }
  private enum BufferField { static let data = 0, offset = 1, size = 2 }
  private enum MetadataField { static let name = 0, buffer = 1 }

  /// The identifier of the schema, at bytes 4 to 7.
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 8 && bytes[4..<8].elementsEqual("TFL3".utf8)
  }

  init(_ file: MappedFile) throws(Refusal) {
    self.file = file
    guard file.withBytes(ModelFile.recognizes) else {
      throw Refusal("is not a TensorFlow Lite model", remedy: "expected the identifier TFL3 at byte 4")
    }
    let model = try FlatTable(rootOf: file)
    let version = try model.number(UInt32.self, ModelField.version) ?? 0
    guard version == 3 else { throw Refusal("has version \(version) of TensorFlow Lite's schema, expected 3") }
    producer = try model.string(ModelField.description) ?? ""
    buffers = try model.tables(ModelField.buffers)
    guard let subgraphs = try model.tables(ModelField.subgraphs), subgraphs.count > 0 else {
      throw Refusal("holds no graph", remedy: Refusal.damagedRemedy)
    }
    // Others are bodies of control flow, whose operators are refused.
    let graph = try subgraphs.table(0)

    var codes: [OperatorCode] = []
    if let vector = try model.tables(ModelField.operatorCodes) {
      try ModelFile.check(vector.count, Limits.nodes, "operator codes")
      for index in 0..<vector.count { codes.append(try OperatorCode(try vector.table(index))) }
    }
    var tensors: [TensorRecord] = []
    // In a sound file each name has bytes of its own.
    var nameBytes = file.count
    if let vector = try graph.tables(SubgraphField.tensors) {
      try ModelFile.check(vector.count, Limits.values, "tensors")
      for index in 0..<vector.count {
        let record = try TensorRecord(try vector.table(index), index)
        nameBytes -= record.name.utf8.count
        guard nameBytes >= 0 else { throw Refusal("its names are larger than itself", remedy: Refusal.damagedRemedy) }
        tensors.append(record)
      }
    }
    var nodes: [OperatorRecord] = []
    var connections = 0
    if let vector = try graph.tables(SubgraphField.operators) {
      try ModelFile.check(vector.count, Limits.nodes, "operators")
      for index in 0..<vector.count {
        let record = try OperatorRecord(
          try vector.table(index), index, codes, tensors, connections: Limits.connections - connections)
        connections += record.inputs.count + record.outputs.count
        nodes.append(record)
      }
    }
    self.tensors = tensors
    self.nodes = nodes
    inputs = try ModelFile.indices(graph, SubgraphField.inputs, tensors.count, "inputs")
    outputs = try ModelFile.indices(graph, SubgraphField.outputs, tensors.count, "outputs")

    var metadata: [(name: String, bytes: Range<Int>)] = []
    if let vector = try model.tables(ModelField.metadata) {
      try ModelFile.check(vector.count, 64, "entries of metadata")
      for index in 0..<vector.count {
        let entry = try vector.table(index)
        let buffer = Int(try entry.number(UInt32.self, MetadataField.buffer) ?? 0)
        guard let name = try entry.string(MetadataField.name),
          let bytes = try ModelFile.bytes(ofBuffer: buffer, in: buffers, file)
        else { continue }
        metadata.append((name, bytes))
      }
    }
    self.metadata = metadata
  }

  /// Where the elements of a tensor lie in the file; nil for one that is computed.
  func bytes(of tensor: TensorRecord) throws(Refusal) -> Range<Int>? {
    try ModelFile.bytes(ofBuffer: tensor.buffer, in: buffers, file)
  }

  private static func bytes(
    ofBuffer index: Int, in buffers: FlatVector?, _ file: MappedFile
  ) throws(Refusal) -> Range<Int>? {
    // Buffer 0 stands for no data.
    guard index != 0 else { return nil }
    guard let buffers, index < buffers.count else {
      throw Refusal("names buffer \(index), the file has \(buffers?.count ?? 0)", remedy: Refusal.damagedRemedy)
    }
    let buffer = try buffers.table(index)
    if let data = try buffer.vector(BufferField.data, width: 1), data.count > 0 { return data.bytes }
    // Files beyond 2 GB have their data behind the tables.
    let offset = try buffer.number(UInt64.self, BufferField.offset) ?? 0
    let size = try buffer.number(UInt64.self, BufferField.size) ?? 0
    guard offset > 1, size > 0 else { return nil }
    guard size <= UInt64(file.count), offset <= UInt64(file.count) - size else {
      throw Refusal("buffer \(index) lies outside the file", remedy: Refusal.damagedRemedy)
    }
    return Int(offset)..<Int(offset + size)
  }

  private static func indices(
    _ graph: FlatTable, _ field: Int, _ tensors: Int, _ what: String
  ) throws(Refusal) -> [Int] {
    guard let vector = try graph.vector(field, width: 4) else { return [] }
    try check(vector.count, Limits.values, what)
    let indices = try vector.numbers(Int32.self).map(Int.init)
    guard indices.allSatisfy((0..<tensors).contains) else {
      throw Refusal("its \(what) name tensors that are not there", remedy: Refusal.damagedRemedy)
    }
    return indices
  }

  private static func check(_ count: Int, _ limit: Int, _ what: String) throws(Refusal) {
    guard count <= limit else { throw Refusal("has more than \(limit) \(what)", remedy: Refusal.limitRemedy) }
  }
}

/// Which operator the numbers of a file's operators stand for.
struct OperatorCode {
  /// The schema's name, or CUSTOM and the name of an operator from elsewhere.
  let name: String

  private enum Field { static let deprecatedBuiltin = 0, custom = 1, builtin = 3 }

  init(_ table: FlatTable) throws(Refusal) {
    // Numbers beyond 127 do not fit the older field; files of older converters have that alone.
    let old = Int(try table.number(Int8.self, Field.deprecatedBuiltin) ?? 0)
    let code = max(old, Int(try table.number(Int32.self, Field.builtin) ?? 0))
    let builtin = BuiltinOperator.name(code)
    name = code == BuiltinOperator.custom ? "\(builtin) \(try table.string(Field.custom) ?? "")" : builtin
  }
}

/// An operator of the file: which tensors it takes and makes, and its options where they lie.
struct OperatorRecord {
  /// The name of the operator's first output, up to where converters list what they have fused: operators of the
  /// format have no names.
  let name: String
  let type: String
  /// Indices of tensors; nil for one that is left out.
  let inputs: [Int?]
  let outputs: [Int]
  let options: FlatTable?

  private enum Field { static let code = 0, inputs = 1, outputs = 2, options = 4 }

  init(
    _ table: FlatTable, _ index: Int, _ codes: [OperatorCode], _ tensors: [TensorRecord], connections: Int
  ) throws(Refusal) {
    let code = Int(try table.number(UInt32.self, Field.code) ?? 0)
    guard codes.indices.contains(code) else {
      throw Refusal("operator \(index) has code \(code), the file has \(codes.count)", remedy: Refusal.damagedRemedy)
    }
    type = codes[code].name
    options = try table.table(Field.options)
    let inputs = try table.vector(Field.inputs, width: 4)
    let outputs = try table.vector(Field.outputs, width: 4)
    guard (inputs?.count ?? 0) + (outputs?.count ?? 0) <= connections else {
      throw Refusal(
        "the operators up to number \(index) have more than \(Limits.connections) inputs and outputs",
        remedy: Refusal.limitRemedy)
    }
    self.inputs = (try inputs?.numbers(Int32.self) ?? []).map { $0 == -1 ? nil : Int($0) }
    self.outputs = (try outputs?.numbers(Int32.self) ?? []).map(Int.init)
    guard self.inputs.allSatisfy({ $0.map(tensors.indices.contains) ?? true }),
      self.outputs.allSatisfy(tensors.indices.contains)
    else {
      throw Refusal("operator \(index) (\(type)) names a tensor that is not there", remedy: Refusal.damagedRemedy)
    }
    let made = self.outputs.first.map { tensors[$0].shortName } ?? ""
    name = made.isEmpty ? "\(type)_\(index)" : made
  }
}
