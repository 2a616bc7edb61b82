import Bundles
import CanonicalJSON
import Hashing
import IR
import Quantization
import Tensors

/// Second moments of what layers multiply in an int8 network, gathered on parts of a data set.
///
/// They are sums of integers, so that putting parts together is exact, and the order does not matter: what is merged is
/// what one run over all samples gathers, and so are the bytes of its file.
struct MomentPart: MergeablePart {
  static let kind = "moments"
  /// The version of what such a file holds.
  static let version = 1

  /// What the network that was run follows from, besides the model.
  struct Network: Equatable {
    /// Tells the counts that ranges are from.
    let counts: String
    let estimator: RangeEstimator
    /// Nodes that stay float, in the graph's order.
    let keptFloat: [String]
    /// The hash of its graph, weights rounded to nearest.
    let graph: String
  }

  let origin: PartOrigin
  let network: Network
  var origins: [PartOrigin] { [origin] }
  private(set) var data: PooledData
  /// The layers, in the order of the network.
  let layers: [Layer]
  /// What was seen of the inputs of each; nil where no sample was.
  private(set) var moments: [InputMoments?]

  /// A layer whose inputs have moments.
  struct Layer: Equatable {
    let name: String
    let inputs: InputMoments.Form
  }

  /// - Parameter moments: of each layer
  init(_ origin: PartOrigin, _ network: Network, _ data: PartData, _ layers: [Layer], _ moments: [InputMoments]) {
    self.origin = origin
    self.network = network
    self.data = PooledData(data)
    self.layers = layers
    self.moments = moments.map { $0.rows > 0 ? $0 : nil }
  }

  /// The layers whose inputs are looked at, in the order of the network.
  ///
  /// - Parameter graph: the float graph
  static func layers(of gatherer: MomentGatherer, _ graph: Graph) -> [Layer] {
    gatherer.forms.map { layer, form in
      guard let node = graph[layer] else { preconditionFailure("moments are gathered of a layer of another graph") }
      return Layer(name: node.name, inputs: form)
    }
  }

  mutating func merge(_ other: MomentPart) throws(Refusal) {
    try check(other)
    if let difference = other.network.difference(from: network) {
      throw Refusal(
        "does not belong to those before: it is of a network \(difference)",
        remedy: "gather all parts with the same counts and options")
    }
    guard layers == other.layers else { throw Refusal(.malformed, reason: "holds moments of other layers") }
    for (index, more) in other.moments.enumerated() {
      guard let more else { continue }
      guard moments[index]?.canTake(more) != false else {
        throw Refusal(.malformed, reason: "layer \(layers[index].name) has more inputs than are gathered")
      }
      if moments[index]?.merge(more) == nil { moments[index] = more }
    }
    try data.add(other.data)
  }

  // MARK: Files

  init(_ file: PartFile) throws(Refusal) {
    let rows: [Int]
    do throws(JSONError) {
      let node = file.description
      try MomentPart.check(node)
      try node.allowOnly("kind", "version", "origin", "network", "data", "layers")
      origin = try PartOrigin(node["origin"])
      network = try Network(node["network"])
      data = try PooledData(node["data"])
      let layers = try node["layers"].elements()
      self.layers = try layers.map { (node) throws(JSONError) in try Layer(node) }
      rows = try layers.map { (node) throws(JSONError) in try node["rows"].int(in: 0...InputMoments.mostRows) }
    } catch {
      throw file.malformed("\(error)")
    }
    do throws(Refusal) {
      let layers = layers
      moments = try file[.moments].withBytes { (bytes) throws(Refusal) in
        try MomentPart.moments(layers, rows, bytes)
      }
      var data = data
      try data.readFiles(file)
      self.data = data
    } catch {
      throw error.of(file: file.path)
    }
  }

  /// Nothing is reserved that the bytes at hand do not fill.
  private static func moments(
    _ layers: [Layer], _ rows: [Int], _ bytes: UnsafeRawBufferPointer
  ) throws(Refusal) -> [InputMoments?] {
    func malformed(_ what: String) -> Refusal { Refusal(.malformed, reason: "section moments: \(what)") }
    var moments: [InputMoments?] = []
    var offset = 0
    for (layer, rows) in zip(layers, rows) {
      if rows == 0 {
        moments.append(nil)
        continue
      }
      guard let words = layer.inputs.words, words <= (bytes.count - offset) / 4 else {
        throw malformed("is too short for the inputs that layer \(layer.name) claims to have")
      }
      let own = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 4 * words])
      do throws(Refusal) {
        moments.append(try InputMoments(layer.inputs, rows: rows, reading: own))
      } catch {
        throw malformed("layer \(layer.name): \(error.reason)")
      }
      offset += own.count
    }
    guard offset == bytes.count else { throw malformed("goes on after the last layer") }
    return moments
  }

  /// Writes a file aside.
  func stage(for path: String) throws(Refusal) -> StagedFile {
    var words: [UInt8] = []
    for case let moments? in moments { moments.write(to: &words) }
    let layers = zip(layers, moments).map { $0.json(rows: $1?.rows ?? 0) }
    let description: JSON = [
      "kind": .string(MomentPart.kind), "version": .int(MomentPart.version), "origin": origin.json,
      "network": network.json, "data": data.json, "layers": .array(layers),
    ]
    var contents: [PartFile.Content: [UInt8]] = [.moments: words]
    contents[.files] = data.fileBytes
    return try PartFile.stage(description, contents, for: path)
  }
}

extension MomentPart.Layer {
  /// - Parameter rows: how many rows of inputs were seen
  func json(rows: Int) -> JSON {
    [
      "name": .string(name), "groups": .int(inputs.groups), "length": .int(inputs.length),
      "blocks": .int(inputs.blocks), "scale": .double(Double(inputs.quantization.scale)),
      "zero_point": .int(inputs.quantization.zeroPoint), "rows": .int(rows),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    try node.allowOnly("name", "groups", "length", "blocks", "scale", "zero_point", "rows")
    name = try node["name"].string()
    let most = 1...InputMoments.mostColumns
    let scale = try node["scale"].float()
    guard scale > 0 else { throw try node["scale"].error("expected a number above 0") }
    inputs = InputMoments.Form(
      groups: try node["groups"].int(in: most), length: try node["length"].int(in: most),
      blocks: try node["blocks"].int(in: most),
      quantization: Quantization(scale: scale, zeroPoint: try node["zero_point"].int(in: -128...127)))
  }
}

extension MomentPart.Network {
  var json: JSON {
    [
      "counts": .string(counts), "range": .string(estimator.rawValue), "keep_float": .strings(keptFloat),
      "graph": .string(graph),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    try node.allowOnly("counts", "range", "keep_float", "graph")
    counts = try PartOrigin.hash(node["counts"])
    estimator = try node["range"].choice()
    keptFloat = try node["keep_float"].strings()
    graph = try PartOrigin.hash(node["graph"])
  }

  /// How this differs from another network; nil where it does not.
  func difference(from other: MomentPart.Network) -> String? {
    func kept(_ names: [String]) -> String {
      names.isEmpty ? "without --keep-float" : "with --keep-float \(names.joined(separator: ", "))"
    }
    if counts != other.counts { return "by other counts: \(counts.prefix(12))..., not \(other.counts.prefix(12))..." }
    if estimator != other.estimator { return "with --range \(estimator.rawValue), not \(other.estimator.rawValue)" }
    if keptFloat != other.keptFloat { return "\(kept(keptFloat)), not \(kept(other.keptFloat))" }
    return graph == other.graph ? nil : "of another build of dermc"
  }
}
