import CanonicalJSON
import IR
import Tensors

/// The sections of a file on their way into a bundle. The hashes have been checked, the contents are still not trusted.
struct BundleContents {
  let file: BundleFile
  /// Raw bytes of the compressed sections so far.
  private var expanded = 0
  private var tensors: [Section: Buffer] = [:]

  init(file: BundleFile) {
    self.file = file
  }

  mutating func bundle(selfTest readsSelfTest: Bool) throws(BundleError) -> Bundle {
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
    for section in Section.allCases where !section.isJSON && (readsSelfTest || section != .selfTestTensors) {
      try load(section, size: layout.sizes[section])
    }

    let graph = try document.graph(path: file.path) { (place) throws(BundleError) in try tensor(at: place) }
    var bundle = Bundle(kind: document.kind, graph: graph)
    bundle.preprocessing = try json(.preprocessing)?.value
    bundle.labels = try labels()
    bundle.calibration = try json(.calibration)?.value
    bundle.evaluation = try json(.evaluation)?.value
    bundle.explanation = try json(.explanation)?.value
    bundle.provenance = try json(.provenance)?.value
    if let selfTest {
      let test = SelfTest(
        inputs: try selfTest.inputs.map { (place) throws(BundleError) in try tensor(at: place) },
        outputs: try selfTest.outputs.map { (place) throws(BundleError) in try tensor(at: place) })
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

  private mutating func labels() throws(BundleError) -> [String]? {
    guard let node = try json(.labels) else { return nil }
    do throws(JSONError) { return try node.strings() } catch { throw malformed("section \(error)") }
  }

  // MARK: Sections

  private mutating func json(_ section: Section) throws(BundleError) -> JSONNode? {
    guard let record = file.record(section) else { return nil }
    guard record.rawSize <= BundleLimits.json else {
      throw malformed("section \(section.name) has \(record.rawSize) bytes, more than \(BundleLimits.json)")
    }
    let bytes = try buffer(record)
    defer { withExtendedLifetime(bytes) {} }
    do throws(JSONError) {
      return JSONNode(try JSON(parsing: bytes.bytes), name: section.name)
    } catch {
      throw malformed("section \(section.name): \(error)")
    }
  }

  /// Loads a section of tensors, which must have exactly the size that those who refer to it need.
  private mutating func load(_ section: Section, size: Int?) throws(BundleError) {
    let record = file.record(section)
    guard record?.rawSize == size else {
      throw malformed(
        "section \(section.name) has \(record.map { "\($0.rawSize)" } ?? "no") bytes, its tensors need \(size ?? 0)")
    }
    if let record { tensors[section] = try buffer(record) }
  }

  /// A section's contents: mapped where it is stored raw.
  private mutating func buffer(_ record: SectionRecord) throws(BundleError) -> Buffer {
    let name = record.section.name
    if record.codec == RawCodec.self {
      guard record.rawSize == record.storedSize,
        let buffer = Buffer(file.mapped, offset: record.offset, count: record.storedSize)
      else { throw malformed("section \(name) is raw, but its two sizes differ") }
      return buffer
    }
    guard record.rawSize <= record.codec.largestRaw(stored: record.storedSize),
      record.rawSize <= BundleLimits.expanded - expanded
    else { throw malformed("section \(name) claims to hold \(record.rawSize) bytes, more than it can") }
    expanded += record.rawSize
    var isWhole = false
    // Where decoding fails the memory is not looked at.
    let buffer = Buffer(count: record.rawSize, isZeroed: false) {
      isWhole = record.codec.decode(file.stored(record), into: $0)
    }
    guard isWhole else { throw malformed("section \(name) is not valid \(record.codec.name) data of its size") }
    return buffer
  }

  private func tensor(at place: StoredTensor) throws(BundleError) -> Tensor {
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

  private func malformed(_ what: String) -> BundleError { .malformed(path: file.path, what) }
}
