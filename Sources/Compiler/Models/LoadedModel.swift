import Answers
package import Bundles
package import CanonicalJSON
package import Hashing
package import IR
import ONNX
package import Signing
import TFLite
package import Tensors

/// A model read from any of the formats dermc knows.
package struct LoadedModel: Sendable {
  package enum Format: String, Sendable {
    case onnx
    case tflite
    case derm
  }

  package let path: String
  package let format: Format
  /// The model; of a model that quantizes itself, with what it quantizes in int8.
  package let graph: Graph
  /// How a model that quantizes itself became `graph`; nil for all others.
  package let takenOver: TakenOver?
  /// Bytes of all files the model is read from.
  package let fileBytes: Int
  package let preprocessing: JSON?
  package let labels: [String]?
  /// What else a bundle holds; nil for other formats.
  package let bundle: Bundle?

  /// The model's file, then those beside it that hold its weights, in the order of their names.
  private let files: [MappedFile]

  /// The hash of the model's file followed by the files beside it that hold its weights, in the order of their names.
  /// Computed anew by each call.
  ///
  /// - Throws: where a file is not what was read: the hash would be another model's
  package func sha256() throws(Refusal) -> SHA256 {
    let hash = files.withBytes(SHA256.init(of:))
    for file in files { try file.checkUnchanged() }
    return hash
  }

  /// Lets the pages of mapped weights that were read leave memory; they come back when they are touched.
  package func releasePages() {
    var released: Set<ObjectIdentifier> = []
    for value in graph.valueIDs {
      guard let file = graph[value].constant?.buffer.file, released.insert(ObjectIdentifier(file)).inserted else {
        continue
      }
      file.releasePages()
    }
  }

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - size: height and width for models that leave them free
  ///   - checksWeights: whether to look for NaN and infinity in all weights, which reads the whole file
  ///   - readsSelfTest: whether a bundle's self-test is wanted
  ///   - keys: any of them must have signed the model, which then has to be a bundle; nil where that does not matter
  package init(
    path: String, size: (height: Int, width: Int)? = nil, checksWeights: Bool = true, readsSelfTest: Bool = false,
    trusting keys: [PublicKey]? = nil
  ) throws(Refusal) {
    self.path = path
    if BundleReader.recognizes(path) {
      let file = try BundleReader.open(path)
      if let keys { try file.requireSignature(by: keys) }
      let bundle = try file.read(selfTest: readsSelfTest)
      format = .derm
      graph = bundle.graph
      takenOver = nil
      fileBytes = file.size
      files = [file.mapped]
      preprocessing = bundle.preprocessing
      labels = bundle.labels
      self.bundle = bundle
      try LoadedModel.check(size, graph, path)
      return
    }
    guard keys == nil else {
      throw Refusal(
        file: path, reason: "is not a bundle, and only bundles are signed; convert it to .derm and sign that")
    }
    if let foreign = ForeignModel(path) { throw foreign.refusal(path) }
    let classNames: [String]?
    let read: Graph
    if TFLiteReader.recognizes(path) {
      let model = try TFLiteReader.read(path: path, size: size, checksWeights: checksWeights)
      format = .tflite
      read = model.graph
      files = [model.file]
      classNames = model.classNames
    } else {
      let options = ONNXReadingOptions(size: size, checksWeights: checksWeights)
      let model = try ONNXReader.read(path: path, options: options)
      format = .onnx
      read = model.graph
      files = model.files
      classNames = model.classNames
    }
    do throws(Refusal) { takenOver = try Preparation.takenOver(read) } catch { throw error.of(file: path) }
    graph = takenOver?.graph ?? read
    fileBytes = files.reduce(0) { $0 + $1.count }
    preprocessing = nil
    labels = LoadedModel.fitting(classNames, graph)
    bundle = nil
    try LoadedModel.check(size, graph, path)
  }

  /// Class names of a model's metadata, where there is one for each number of an output, or two for one: exporters also
  /// write there what the model was trained on before.
  private static func fitting(_ names: [String]?, _ graph: Graph) -> [String]? {
    let counts = graph.outputs.indices.map { OutputRows(graph, output: $0).count }
    guard let names, counts.contains(names.count) || names.count == 2 && counts.contains(1) else { return nil }
    return names
  }

  /// A size that was asked for must be the one the image input has.
  private static func check(
    _ size: (height: Int, width: Int)?, _ graph: Graph, _ path: String
  ) throws(Refusal) {
    guard let size else { return }
    for input in graph.inputs {
      let shape = graph.type(of: input).shape
      guard shape.count == 4 else { continue }
      let sides = [size.height, size.width]
      guard Array(shape[2...3]) == sides || Array(shape[1...2]) == sides else {
        throw Refusal(
          file: path,
          reason: "--size \(size.height)x\(size.width) does not fit: input \(graph[input].name) has the fixed shape "
            + "\(shape)"
        )
      }
    }
  }
}
