import IR
import Tensors

/// The outer levels of a model file: what ModelProto and GraphProto hold, with tensors left where they lie.
struct ModelFile {
  let file: MappedFile
  private(set) var irVersion = 0
  private(set) var producer = ""
  let graph: GraphRecord
  /// Versions by domain; the standard domain is "".
  private(set) var opsets: [String: Int] = [:]
  /// Operators the model defines itself.
  private(set) var functions: [FunctionRecord] = []
  /// Metadata that may name classes, by key.
  private(set) var metadata: [String: String] = [:]

  private enum ModelField {
    static let irVersion = 1, producerName = 2, producerVersion = 3, graph = 7, opsetImport = 8, metadata = 14,
      functions = 25
    /// The numbers the standard has given out; a file with others is not a model.
    static let known: Set<Int> = [1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]
  }

  init(_ file: MappedFile) throws(Refusal) {
    self.file = file
    guard file.count > 0 else { throw Refusal("is empty") }
    if let kind = file.withBytes(FileKind.recognize) { throw Refusal(kind.reason, remedy: kind.remedy) }
    var graphs: [Range<Int>] = []
    var entries: [Range<Int>] = []
    var budget = ReadingBudget()
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
        if let range = field.range { functions.append(try FunctionRecord(file, range, budget: &budget)) }
      case ModelField.metadata: if let range = field.range { entries.append(range) }
      default: break
      }
    }
    if !producerVersion.isEmpty { producer += " " + producerVersion }
    guard !graphs.isEmpty else {
      throw Refusal("holds no graph", remedy: "the file is truncated or is not an ONNX model")
    }
    graph = try GraphRecord(file, ranges: graphs, budget: &budget)
    for range in entries { readMetadata(range) }
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
