import CanonicalJSON
import IR
import Tensors
import Texts

/// The sections of a file on their way into a bundle. The hashes have been checked, the contents are still not trusted.
struct BundleContents {
  let file: BundleFile
  /// Memory left for the JSON of sections still to come.
  private var jsonMemory: Int
  /// What a file that needs more is: one that asks for more than it may be given, or one that cannot be right.
  private let jsonExcess: Refusal.Kind
  private var tensors: [Section: Buffer] = [:]
  /// What section texts holds that has not been asked for yet.
  private var texts = JSONObject()
  private let readsSelfTest: Bool

  /// - Parameter maximumBytes: what reading may take
  /// - Throws: where the compressed sections of tensors alone claim more than that, or more than the file can be
  ///   expected to pack
  init(file: BundleFile, selfTest readsSelfTest: Bool, maximumBytes: Int) throws(Refusal) {
    self.file = file
    self.readsSelfTest = readsSelfTest
    if file.records.contains(where: \.section.isOfPart) {
      throw .unsupported(
        file: file.path, "holds counts or scores of samples (dermc merge, dermc compile --calib), no model")
    }
    var expanded = 0
    for record in file.records where !record.section.isJSON && record.codec != RawCodec.self {
      guard readsSelfTest || record.section != .selfTestTensors else { continue }
      let limit = BundleLimits.tensors(inFileOf: file.size)
      guard record.rawSize <= limit - expanded else {
        throw .malformed(
          file: file.path,
          "section \(record.section.name) claims to hold \(record.rawSize) bytes; all tensors of a file of \(file.size) "
            + "bytes may have \(limit)")
      }
      expanded += record.rawSize
    }
    guard expanded <= maximumBytes else {
      throw Refusal(
        .oversized, file: file.path,
        reason: "its tensors need \(expanded) bytes of memory, more than the limit of \(maximumBytes)")
    }
    let usualMemory = BundleLimits.jsonMemory(inFileOf: file.size)
    jsonMemory = min(usualMemory, maximumBytes - expanded)
    jsonExcess = jsonMemory < usualMemory ? .oversized : .malformed
  }

  /// What the texts say of tensors.
  struct Description {
    let document: GraphDocument
    let selfTest: (inputs: [StoredTensor], outputs: [StoredTensor])?
    let layout: TensorLayout
  }

  /// Reads the graph and the places of tensors.
  mutating func description() throws(Refusal) -> Description {
    if let node = try stored(.texts) { texts = try members(ofTexts: node) }
    guard let graphJSON = try json(.graph) else { throw malformed("has no section graph") }
    var layout = TensorLayout()
    let document: GraphDocument
    var selfTest: (inputs: [StoredTensor], outputs: [StoredTensor])?
    do throws(JSONError) {
      document = try GraphDocument(graphJSON, layout: &layout)
    } catch {
      throw malformed("section \(error)")
    }
    if readsSelfTest, let node = try json(.selfTest) {
      do throws(JSONError) {
        try node.allowOnly("inputs", "outputs")
        selfTest = (try places(node["inputs"], &layout), try places(node["outputs"], &layout))
      } catch {
        throw malformed("section \(error)")
      }
    }
    return Description(document: document, selfTest: selfTest, layout: layout)
  }

  /// Puts everything together.
  ///
  /// - Parameter decoded: the contents of the sections of tensors
  mutating func bundle(
    _ description: Description, decoded: [Section: Result<Buffer, Refusal>]
  ) throws(Refusal) -> Bundle {
    for section in Section.allCases where !section.isJSON && (readsSelfTest || section != .selfTestTensors) {
      try load(section, size: description.layout.sizes[section], decoded[section])
    }

    let document = description.document
    let graph = try document.graph(path: file.path) { (place) throws(Refusal) in try tensor(at: place) }
    var bundle = Bundle(kind: document.kind, graph: graph)
    bundle.preprocessing = try json(.preprocessing)?.value
    bundle.labels = try labels()
    bundle.answer = try json(.answer)?.value
    bundle.calibration = try json(.calibration)?.value
    bundle.evaluation = try json(.evaluation)?.value
    bundle.explanation = try json(.explanation)?.value
    bundle.provenance = try json(.provenance)?.value
    if let selfTest = description.selfTest {
      let test = SelfTest(
        inputs: try selfTest.inputs.map { (place) throws(Refusal) in try tensor(at: place) },
        outputs: try selfTest.outputs.map { (place) throws(Refusal) in try tensor(at: place) })
      if let problem = test.mismatch(with: graph) { throw malformed("section self-test \(problem)") }
      bundle.selfTest = test
    }
    return bundle
  }

  private func places(_ node: JSONNode, _ layout: inout TensorLayout) throws(JSONError) -> [StoredTensor] {
    var places: [StoredTensor] = []
    for element in try node.elements() {
      try element.allowOnly("element", "shape", "quantization", "section", "offset")
      places.append(
        try StoredTensor(element, type: TensorType(element), sections: [.selfTestTensors], layout: &layout))
    }
    return places
  }

  private mutating func labels() throws(Refusal) -> [String]? {
    guard let node = try json(.labels) else { return nil }
    do throws(JSONError) {
      let count = try node.elements().count
      guard count <= BundleLimits.labels else { throw node.error("more than \(BundleLimits.labels) labels") }
      return try node.strings()
    } catch {
      throw malformed("section \(error)")
    }
  }

  // MARK: Sections

  /// What the section holds that stands for several.
  private func members(ofTexts node: JSONNode) throws(Refusal) -> JSONObject {
    guard case .object(let texts) = node.value else { throw malformed("section texts is no object") }
    for name in texts.keys {
      guard let section = Section(rawValue: name), section.isJSON, section != .texts, !section.isOfPart else {
        throw .unsupported(
          file: file.path, "section texts holds what this dermc does not know: \(Printable.name(name))")
      }
      if file.record(section) != nil { throw malformed("section \(name) is in section texts and beside it") }
    }
    return texts
  }

  private mutating func json(_ section: Section) throws(Refusal) -> JSONNode? {
    if let value = texts[section.name] {
      texts[section.name] = nil
      return JSONNode(value, name: section.name)
    }
    return try stored(section)
  }

  private mutating func stored(_ section: Section) throws(Refusal) -> JSONNode? {
    guard let record = file.record(section) else { return nil }
    guard record.rawSize <= BundleLimits.json else {
      throw malformed("section \(section.name) has \(record.rawSize) bytes, more than \(BundleLimits.json)")
    }
    // Text in the file takes no memory of its own.
    let text = record.codec == RawCodec.self ? 0 : record.rawSize
    guard text <= jsonMemory else {
      throw malformed("section \(section.name) claims to hold \(text) bytes of JSON; \(jsonMemory) may be read")
        .as(jsonExcess)
    }
    let bytes = try file.contents(of: record)
    do throws(JSONError) {
      let memory = jsonMemory - text
      // What is in section texts may be as deep as in a section of its own.
      let depth = JSON.maximumDepth + (section == .texts ? 1 : 0)
      let json = try bytes.withBytes { (bytes) throws(JSONError) in
        try JSON(parsing: bytes, memory: memory, depth: depth)
      }
      // The graph's JSON is gone when the next section is read, but the graph made of it is not.
      jsonMemory -= json.memory
      return JSONNode(json, name: section.name)
    } catch {
      let refusal = malformed("section \(section.name): \(error)")
      if case .tooLarge = error { throw refusal.as(jsonExcess) }
      throw refusal
    }
  }

  /// Takes a section of tensors, which must have exactly the size that those who refer to it need.
  private mutating func load(_ section: Section, size: Int?, _ decoded: Result<Buffer, Refusal>?) throws(Refusal) {
    let record = file.record(section)
    guard record?.rawSize == size else {
      throw malformed(
        "section \(section.name) has \(record.map { "\($0.rawSize)" } ?? "no") bytes, its tensors need \(size ?? 0)")
    }
    tensors[section] = try decoded?.get()
  }

  private func tensor(at place: StoredTensor) throws(Refusal) -> Tensor {
    let count = place.type.byteCount
    guard let section = tensors[place.section], place.offset <= section.count - count else {
      throw malformed("section \(place.section.name) is too short for its tensors")
    }
    guard let buffer = Buffer(section, offset: place.offset, count: count), let tensor = Tensor(place.type, buffer)
    else {
      throw malformed("section \(place.section.name) does not hold a tensor \(place.type)")
    }
    return tensor
  }

  private func malformed(_ what: String) -> Refusal { .malformed(file: file.path, what) }
}
