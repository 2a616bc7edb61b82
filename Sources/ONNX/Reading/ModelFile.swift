import IR
import Tensors

/// The outer levels of a model file: what ModelProto and GraphProto hold, with tensors left where they lie.
struct ModelFile {
  let file: MappedFile
  private(set) var irVersion = 0
  private(set) var producer = ""
  private(set) var graphName = ""
  private(set) var nodes: [NodeRecord] = []
  private(set) var inputs: [ValueRecord] = []
  private(set) var outputs: [ValueRecord] = []
  private(set) var initializers: [TensorRecord] = []
  private(set) var sparseInitializers = 0
  /// Inputs and outputs of the nodes.
  private var connections = 0
  /// Versions by domain; the standard domain is "".
  private(set) var opsets: [String: Int] = [:]
  /// Names of functions the model defines itself.
  private(set) var functions: Set<String> = []
  /// Metadata that may name classes, by key.
  private(set) var metadata: [String: String] = [:]

  private enum ModelField {
    static let irVersion = 1, producerName = 2, producerVersion = 3, graph = 7, opsetImport = 8, metadata = 14,
      functions = 25
    /// The numbers the standard has given out; a file with others is not a model.
    static let known: Set<Int> = [1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]
  }

  private enum GraphField {
    static let node = 1, name = 2, initializer = 5, input = 11, output = 12, sparseInitializer = 15
  }

  init(_ file: MappedFile) throws(Refusal) {
    self.file = file
    guard file.count > 0 else { throw Refusal("is empty") }
    if let kind = file.withBytes(FileKind.recognize) { throw Refusal(kind.reason, remedy: kind.remedy) }
    var graphs: [Range<Int>] = []
    var producerVersion = ""
    var reader = WireReader(file, range: 0..<file.count)
    var isFirst = true
    while true {
      let field: WireField?
      do throws(Refusal) {
        field = try reader.next()
      } catch {
        // Only a file that began like a model is a damaged model.
        throw isFirst ? Refusal.notAModel : error
      }
      guard let field else { break }
      guard ModelField.known.contains(field.number) else {
        throw isFirst
          ? Refusal.notAModel
          : Refusal("has a field \(field.number) that ONNX models do not have", remedy: "the file is damaged")
      }
      isFirst = false
      switch field.number {
      case ModelField.irVersion: irVersion = field.integer ?? 0
      case ModelField.producerName: producer = field.string(in: file) ?? ""
      case ModelField.producerVersion: producerVersion = field.string(in: file) ?? ""
      case ModelField.graph: if let range = field.range { graphs.append(range) }
      case ModelField.opsetImport:
        guard let range = field.range else { continue }
        let (domain, version) = try Messages.operatorSet(file, range)
        opsets[ModelFile.standard(domain)] = version
      case ModelField.functions:
        if let range = field.range { functions.insert(try functionName(range)) }
      case ModelField.metadata: if let range = field.range { readMetadata(range) }
      default: break
      }
    }
    if !producerVersion.isEmpty { producer += " " + producerVersion }
    guard !graphs.isEmpty else {
      throw Refusal("holds no graph", remedy: "the file is truncated or is not an ONNX model")
    }
    for range in graphs { try readGraph(range) }
  }

  private mutating func readGraph(_ range: Range<Int>) throws(Refusal) {
    var reader = WireReader(file, range: range)
    while let field = try reader.next() {
      guard let range = field.range else { continue }
      switch field.number {
      case GraphField.node:
        try check(nodes.count + 1, Limits.nodes, "nodes")
        let node = try Messages.node(file, range, connections: Limits.connections - connections)
        connections += node.inputs.count + node.outputs.count
        nodes.append(node)
      case GraphField.name: graphName = field.string(in: file) ?? ""
      case GraphField.initializer:
        try check(initializers.count + 1, Limits.values, "initializers")
        let record = try TensorRecord(file, ranges: [range])
        try Messages.checkName(record.name.utf8.count, range)
        initializers.append(record)
      case GraphField.input:
        try check(inputs.count + 1, Limits.values, "inputs")
        inputs.append(try Messages.value(file, range))
      case GraphField.output:
        try check(outputs.count + 1, Limits.values, "outputs")
        outputs.append(try Messages.value(file, range))
      case GraphField.sparseInitializer: sparseInitializers += 1
      default: break
      }
    }
  }

  /// An entry of the metadata, if it may name classes. What is wrong with it does not matter to the model.
  private mutating func readMetadata(_ range: Range<Int>) {
    guard range.count <= ClassNameMetadata.valueLimit else { return }
    var key = ""
    var value = ""
    var reader = WireReader(file, range: range)
    while let field = try? reader.next() {
      if field.number == 1 { key = field.string(in: file) ?? "" }
      if field.number == 2 { value = field.string(in: file) ?? "" }
    }
    if ClassNameMetadata.keys.contains(key), metadata[key] == nil { metadata[key] = value }
  }

  private func check(_ count: Int, _ limit: Int, _ what: String) throws(Refusal) {
    guard count <= limit else { throw Refusal("has more than \(limit) \(what)", remedy: Messages.limitRemedy) }
  }

  private func functionName(_ range: Range<Int>) throws(Refusal) -> String {
    var name = ""
    var reader = WireReader(file, range: range)
    while let field = try reader.next() {
      if field.number == 1 { name = field.string(in: file) ?? "" }
    }
    return name
  }

  /// The standard domain has two spellings.
  static func standard(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }
}

/// Files people pass for ONNX models.
enum FileKind {
  static func recognize(_ bytes: UnsafeRawBufferPointer) -> (reason: String, remedy: String)? {
    func starts(_ prefix: String, at offset: Int = 0) -> Bool {
      let prefix = Array(prefix.utf8)
      return bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
    if starts("version https://git-lfs") {
      return ("is a Git LFS pointer, not the model", "fetch the model with git lfs pull")
    }
    if starts("PK\u{3}\u{4}") {
      return ("is a zip archive (a PyTorch or Keras checkpoint?), not an ONNX model", "export the model to ONNX")
    }
    if bytes.count >= 4, bytes[0] == 0x89, starts("HDF", at: 1) {
      return ("is an HDF5 file (a Keras checkpoint?), not an ONNX model", "convert it with tf2onnx")
    }
    if starts("TFL3", at: 4) {
      return ("is a TensorFlow Lite model, not an ONNX model", "convert the source model to ONNX")
    }
    return nil
  }
}

extension Refusal {
  fileprivate static let notAModel = Refusal("is not an ONNX model", remedy: "expected a protobuf ModelProto")
}
