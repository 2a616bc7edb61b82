import CanonicalJSON
import DataSets
import Hashing
import Images
import Tensors

/// What parts must have in common to be merged: what was run, by which dermc, and how samples become its inputs.
struct PartOrigin: Equatable {
  let dermc: String
  let format: String
  let bytes: Int
  /// The hash of the model's files.
  let model: String
  /// The hash of the graph that was run.
  let graph: String
  /// How images become inputs; nil of tensors.
  let preprocessing: JSON?
  /// Whether nothing said how, so that pixels were only scaled.
  let isAssumed: Bool
  /// What else says what the inputs hold.
  let inputs: JSON

  /// - Parameters:
  ///   - hash: of the model's files
  ///   - graph: the hash of what is run of it
  init(
    _ model: LoadedModel, _ hash: SHA256, graph: SHA256, _ binding: DataBinding, _ loader: SampleLoader,
    _ settings: DataSettings
  ) throws(Refusal) {
    dermc = Provenance.version
    format = model.format.rawValue
    bytes = model.fileBytes
    self.model = hash.hex
    self.graph = graph.hex
    preprocessing = try binding.preprocessing(for: [loader])?.json
    isAssumed = binding.assumption(for: [loader]) != nil
    inputs = settings.inputsJSON
  }

  var json: JSON {
    [
      "dermc": .string(dermc),
      "source": ["format": .string(format), "bytes": .int(bytes), "sha256": .string(model)],
      "graph": .string(graph), "preprocessing": preprocessing ?? .null, "assumed": .bool(isAssumed), "inputs": inputs,
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    try node.allowOnly("dermc", "source", "graph", "preprocessing", "assumed", "inputs")
    dermc = try node["dermc"].string()
    let source = try node["source"]
    try source.allowOnly("format", "bytes", "sha256")
    format = try source["format"].string()
    bytes = try source["bytes"].int(in: 0...Int.max)
    model = try PartOrigin.hash(source["sha256"])
    graph = try PartOrigin.hash(node["graph"])
    preprocessing = try node.optional("preprocessing")?.value
    isAssumed = try node["assumed"].bool()
    inputs = try node["inputs"].value
  }

  /// 64 hexadecimal digits.
  static func hash(_ node: JSONNode) throws(JSONError) -> String {
    let text = try node.string()
    guard text.utf8.count == 2 * SHA256.size, text.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
      throw node.error("expected a SHA-256 of 64 hexadecimal digits")
    }
    return text
  }

  /// How this differs from another origin; nil where it does not.
  ///
  /// - Parameters:
  ///   - subject: what this is of
  ///   - other: what the other one is of, to be told apart
  func difference(from other: PartOrigin) -> String? {
    func short(_ hash: String) -> String { String(hash.prefix(12)) }
    if dermc != other.dermc { return "by dermc \(dermc), not \(other.dermc)" }
    if model != other.model { return "of the model \(short(model))..., not \(short(other.model))... (SHA-256)" }
    if graph != other.graph {
      return "of the network \(short(graph))..., not \(short(other.graph))... (--size, or another build of dermc)"
    }
    if preprocessing != other.preprocessing || isAssumed != other.isAssumed {
      return "of images with another preprocessing: \(PartOrigin.text(preprocessing)), not "
        + PartOrigin.text(other.preprocessing)
    }
    return inputs != other.inputs ? "with other options of inputs (--layout, --input, --columns, --image-input)" : nil
  }

  /// How images became inputs; nil of tensors.
  ///
  /// - Parameter path: of the file, for messages
  func imagePreprocessing(_ path: String) throws(Refusal) -> Preprocessing? {
    guard let preprocessing else { return nil }
    do throws(JSONError) {
      let node = JSONNode(preprocessing, name: "preprocessing")
      let size = try node["size"].ints(in: 1...Limits.elements)
      guard size.count == 2 else { throw try node["size"].error("expected height and width") }
      return try Preprocessing(json: node, size: (size[0], size[1]))
    } catch {
      throw Refusal(.malformed, file: path, reason: "\(error)")
    }
  }

  static func text(_ preprocessing: JSON?) -> String {
    guard let preprocessing else { return "none" }
    do throws(JSONError) { return String(decoding: try preprocessing.canonicalBytes(), as: UTF8.self) } catch {
      return "\(error)"
    }
  }
}

extension DataSettings {
  /// What says what inputs hold besides the preprocessing of images.
  var inputsJSON: JSON {
    var members: JSONObject = [:]
    if let order { members["layout"] = .string(order.rawValue) }
    if let imageInput { members["image_input"] = .string(imageInput) }
    var values = JSONObject()
    for (name, numbers) in inputs.sorted(by: { $0.key < $1.key }) { values[name] = .doubles(numbers.map(Double.init)) }
    if !values.isEmpty { members["values"] = .object(values) }
    var columns = JSONObject()
    for (name, list) in table.inputColumns.sorted(by: { $0.key < $1.key }) { columns[name] = .strings(list) }
    if !columns.isEmpty { members["columns"] = .object(columns) }
    return .object(members)
  }
}
