import CanonicalJSON
package import Hashing
package import IR
package import Tensors

/// Writes bundles: the same bundle always gives the same bytes (for one version of zlib).
package enum BundleWriter {
  package enum Compression: Sendable {
    /// All sections raw: constants are mapped when read.
    case none
    /// All texts in one section, and each section by the codec that makes it smallest, raw where none does.
    case smallest
    /// The graph's constants raw, so that they are mapped when read; everything else as in `smallest`.
    case rawConstants
  }

  /// Writes a bundle aside and renames it into place. After an error nothing of the attempt is left.
  ///
  /// - Returns: the sections in the order of the file.
  @discardableResult
  package static func write(
    _ bundle: Bundle, to path: String, compression: Compression = .smallest
  ) throws(Refusal) -> [SectionReport] {
    let (contents, jsonMemory) = try parts(of: bundle, path: path)
    return try write(contents, to: path, compression: compression, jsonMemory: jsonMemory)
  }

  /// Writes a bundle aside, for the caller to commit together with other files.
  package static func stage(
    _ bundle: Bundle, for path: String, compression: Compression = .smallest
  ) throws(Refusal) -> (file: StagedFile, sections: [SectionReport]) {
    let (contents, jsonMemory) = try parts(of: bundle, path: path)
    return try stage(contents, for: path, compression: compression, jsonMemory: jsonMemory)
  }

  /// The bytes that the file of a bundle would take.
  package static func size(_ bundle: Bundle, compression: Compression = .smallest) throws(Refusal) -> Int {
    let (pieces, _) = try assembled(parts(of: bundle, path: "").contents, path: "", compression: compression)
    return pieces.reduce(0) { $0 + $1.count }
  }

  /// What tells one graph with its constants from another: the SHA-256 of all that a bundle would hold of it, names and
  /// sizes of sections included, whatever codecs make of them.
  package static func hash(of graph: Graph) throws(Refusal) -> SHA256 {
    let contents = try contents(of: Bundle(kind: .checkpoint, graph: graph), path: "")
    return SHA256(
      of: contents.flatMap { part in
        Array("\(part.section.name) \(part.bytes.count)\n".utf8) + part.bytes.withBytes(SHA256.init(of:)).bytes
      })
  }

  /// The raw bytes of all sections, in the order of the file.
  static func contents(of bundle: Bundle, path: String) throws(Refusal) -> [SectionContents] {
    try parts(of: bundle, path: path).contents
  }

  /// The raw bytes of all sections, and the memory that reading their JSON takes.
  private static func parts(
    of bundle: Bundle, path: String
  ) throws(Refusal) -> (contents: [SectionContents], jsonMemory: Int) {
    if let labels = bundle.labels, labels.count > BundleLimits.labels {
      throw .malformed(file: path, "there are \(labels.count) labels, at most \(BundleLimits.labels) can be stored")
    }
    var tensors = TensorCollector()
    let document = try GraphDocument(bundle, tensors: &tensors, path: path)
    var selfTest: JSON?
    if let test = bundle.selfTest {
      if let problem = test.mismatch(with: bundle.graph) { throw .malformed(file: path, "the self-test \(problem)") }
      selfTest = [
        "inputs": try places(of: test.inputs, &tensors, path), "outputs": try places(of: test.outputs, &tensors, path),
      ]
    }
    var contents: [SectionContents] = []
    var memory = 0
    var names = JSONObject()
    for section in Section.allCases {
      let json: JSON? =
        switch section {
        case .graph: document.json
        case .preprocessing: bundle.preprocessing
        case .labels: bundle.labels.map { .strings($0) }
        case .answer: bundle.answer
        case .calibration: bundle.calibration
        case .evaluation: bundle.evaluation
        case .explanation: bundle.explanation
        case .provenance: bundle.provenance
        case .selfTest: selfTest
        case .texts, .weights, .parameters, .integers, .selfTestTensors, .part, .counts, .moments, .samples, .scores,
          .reference, .files:
          nil
        }
      if let json {
        let text = try encoded(json, section, path)
        memory += json.memory + text.count
        names[section.name] = .null
        contents.append(SectionContents(section, text))
      } else if let tensors = tensors.contents(of: section) {
        contents.append(tensors)
      }
    }
    return (contents, memory + JSON.object(names).memory)
  }

  private static func places(
    of list: [Tensor], _ tensors: inout TensorCollector, _ path: String
  ) throws(Refusal) -> JSON {
    var places: [JSON] = []
    for tensor in list {
      let place = try tensors.add(tensor, to: .selfTestTensors, path: path)
      places.append(StoredAttribute.tensor(place).json["tensor"] ?? .null)
    }
    return .array(places)
  }

  private static func encoded(_ json: JSON, _ section: Section, _ path: String) throws(Refusal) -> Buffer {
    let bytes: [UInt8]
    do throws(JSONError) {
      bytes = try json.canonicalBytes()
    } catch {
      throw .malformed(file: path, "section \(section.name) cannot be stored: \(error)")
    }
    guard bytes.count <= BundleLimits.json else {
      throw .malformed(
        file: path, "section \(section.name) has \(bytes.count) bytes, at most \(BundleLimits.json) can be stored")
    }
    return Buffer(count: bytes.count) { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
  }

  /// Writes sections, given in the order of `Section`, whatever their contents.
  static func write(
    _ contents: [SectionContents], to path: String, compression: Compression, jsonMemory: Int = 0
  ) throws(Refusal) -> [SectionReport] {
    let (file, sections) = try stage(contents, for: path, compression: compression, jsonMemory: jsonMemory)
    try file.commit()
    return sections
  }

  static func stage(
    _ contents: [SectionContents], for path: String, compression: Compression, jsonMemory: Int
  ) throws(Refusal) -> (file: StagedFile, sections: [SectionReport]) {
    let (pieces, reports) = try assembled(contents, path: path, compression: compression)
    let size = pieces.reduce(0) { $0 + $1.count }
    guard jsonMemory <= BundleLimits.jsonMemory(inFileOf: size) else {
      throw .malformed(
        file: path, "graph and records would take \(jsonMemory) bytes of memory to read, too much for \(size) bytes")
    }
    let file = try pieces.withBytes { (bytes) throws(Refusal) in try StagedFile(bytes, for: path) }
    return (file, reports)
  }

  /// The file in pieces: the header, then padding and contents of each section.
  static func assembled(
    _ contents: [SectionContents], path: String, compression: Compression
  ) throws(Refusal) -> (pieces: [Buffer], reports: [SectionReport]) {
    let contents = compression == .none ? contents : contents.withTextsTogether()
    let (pieces, records) = try placed(contents, path: path, compression: compression)
    let packed = records.filter { !$0.section.isJSON && $0.codec != RawCodec.self }.reduce(0) { $0 + $1.rawSize }
    // What a reader would take for a file made to fill memory is stored as it is.
    guard packed <= BundleLimits.tensors(inFileOf: pieces.reduce(0) { $0 + $1.count }) else {
      let (pieces, records) = try placed(contents, path: path, compression: .none)
      return (pieces, records.map(\.report))
    }
    return (pieces, records.map(\.report))
  }

  private static func placed(
    _ contents: [SectionContents], path: String, compression: Compression
  ) throws(Refusal) -> (pieces: [Buffer], records: [SectionRecord]) {
    var records: [SectionRecord] = []
    var pieces: [Buffer] = []
    var end = Container.headerSize(sections: contents.count)
    for part in contents {
      let (section, raw) = (part.section, part.bytes)
      let staysRaw = compression == .none || (compression == .rawConstants && section.holdsConstants)
      let (codec, stored) = staysRaw ? (RawCodec.self, raw) : smallest(part)
      var record = stored.withBytes { SectionRecord(section, codec: codec, stored: $0, rawSize: raw.count) }
      guard let offset = Container.aligned(end) else { throw .malformed(file: path, "the bundle would be too large") }
      record.offset = offset
      pieces += [Buffer(count: offset - end), stored]
      end = offset + stored.count
      records.append(record)
    }
    let header = Container.header(records)
    pieces.insert(Buffer(count: header.count) { $0.copyBytes(from: header) }, at: 0)
    return (pieces, records)
  }

  private static func smallest(_ part: SectionContents) -> (any SectionCodec.Type, Buffer) {
    var best: (any SectionCodec.Type, Buffer) = (RawCodec.self, part.bytes)
    for codec in Codecs.all where codec.suits(part.section) {
      let encoded = part.bytes.withBytes { codec.encode($0, tensors: part.tensors, below: best.1.count) }
      if let encoded { best = (codec, encoded) }
    }
    return best
  }
}
