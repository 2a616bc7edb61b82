import IR
package import Tensors

/// The sections of a bundle, in the order they lie in the file. Adding one is a line here.
enum Section: String, Sendable, CaseIterable {
  /// What sections of JSON hold, by their names: all that follow, in one.
  case texts
  case graph, preprocessing, labels, answer, calibration, evaluation, explanation, provenance
  case selfTest = "self-test"
  /// The graph's int8 constants.
  case weights
  /// The graph's floating-point constants.
  case parameters
  /// The graph's constants of all other types.
  case integers
  case selfTestTensors = "self-test-tensors"
  /// What a file of counts or scores is of: such a file has these sections and none of those above (`PartFile`).
  case part
  /// How often values were seen.
  case counts
  /// Sums of products of what layers multiply.
  case moments
  /// The samples that were scored, and what is known of them.
  case samples
  /// What a model put out for each of them, and what the one did that it is compared with.
  case scores
  case reference
  /// The hashes of files that were read.
  case files

  var name: String { rawValue }

  /// Whether the section is canonical JSON; the others are tensors.
  var isJSON: Bool {
    switch self {
    case .texts, .graph, .preprocessing, .labels, .answer, .calibration, .evaluation, .explanation, .provenance,
      .selfTest, .part:
      true
    case .weights, .parameters, .integers, .selfTestTensors, .counts, .moments, .samples, .scores, .reference, .files:
      false
    }
  }

  /// Whether the section is one of `PartFile`, not of a bundle.
  var isOfPart: Bool {
    switch self {
    case .part, .counts, .moments, .samples, .scores, .reference, .files: true
    default: false
    }
  }

  /// Whether the section is tensors of the graph.
  var holdsConstants: Bool { !isJSON && !isOfPart && self != .selfTestTensors }

  /// Bytes of the elements most of the section consists of.
  var elementSize: Int {
    switch self {
    case .parameters, .integers, .selfTestTensors, .moments, .scores, .reference: 4
    default: 1
    }
  }

  /// The section a constant of the graph is stored in: like with like, because that compresses better.
  static func holding(_ element: ElementType) -> Section {
    switch element {
    case .int8: .weights
    case .float32, .float64: .parameters
    default: .integers
    }
  }
}

extension [SectionContents] {
  /// The same with all texts in one section, which takes less of the table of contents and compresses better; as they
  /// are where there is one text alone, or too much for one.
  func withTextsTogether() -> [SectionContents] {
    let texts = filter { $0.section.isJSON && $0.section != .texts }
    guard texts.count > 1 else { return self }
    var json = [UInt8]("{".utf8)
    for (index, text) in texts.sorted(by: { $0.section.name < $1.section.name }).enumerated() {
      json += [UInt8]("\(index == 0 ? "" : ",")\"\(text.section.name)\":".utf8)
      text.bytes.withBytes { json += $0 }
    }
    json += [UInt8]("}".utf8)
    guard json.count <= BundleLimits.json else { return self }
    let buffer = Buffer(count: json.count) { $0.copyBytes(from: json) }
    return [SectionContents(.texts, buffer)] + filter { !$0.section.isJSON }
  }
}

/// What is to be written into a section.
struct SectionContents: Sendable {
  let section: Section
  var bytes: Buffer
  /// The tensors that the bytes are, in their order.
  let tensors: [StoredTensor]

  init(_ section: Section, _ bytes: Buffer, tensors: [StoredTensor] = []) {
    self.section = section
    self.bytes = bytes
    self.tensors = tensors
  }
}

extension SectionReport {
  /// The section that holds constants of a type.
  package static func name(holding element: ElementType) -> String { Section.holding(element).name }

  package static let texts = Section.allCases.filter { $0.isJSON && !$0.isOfPart }.map(\.name)
  package static let constants = Section.allCases.filter(\.holdsConstants).map(\.name)
  package static let rawCodec = RawCodec.name
}

/// How large a section is.
package struct SectionReport: Sendable, Equatable {
  package let name: String
  package let codec: String
  /// Bytes of the contents.
  package let rawBytes: Int
  /// Bytes in the file.
  package let storedBytes: Int
}
