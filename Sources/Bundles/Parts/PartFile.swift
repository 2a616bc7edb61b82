package import CanonicalJSON
package import Hashing
package import Tensors

/// A file of what was counted or scored on a part of some samples: the container of bundles, hashes and signature
/// included, with sections of its own.
package struct PartFile: Sendable {
  /// A section besides the description.
  package enum Content: String, Sendable, CaseIterable {
    case counts, moments, samples, scores, reference, files

    fileprivate var section: Section {
      switch self {
      case .counts: .counts
      case .moments: .moments
      case .samples: .samples
      case .scores: .scores
      case .reference: .reference
      case .files: .files
      }
    }
  }

  package let path: String
  /// What it is of.
  package let description: JSONNode
  private let contents: [Content: Buffer]
  private let descriptionHash: SHA256

  /// The bytes of a section; none where the file has no such section.
  package subscript(content: Content) -> Buffer { contents[content] ?? Buffer(count: 0) }

  /// Tells what the file holds: the same however that is compressed, and signed or not.
  package var identity: SHA256 {
    var digests = descriptionHash.bytes
    for content in Content.allCases {
      guard let buffer = contents[content] else { continue }
      digests += Array(content.rawValue.utf8) + buffer.withBytes { SHA256(of: $0) }.bytes
    }
    return SHA256(of: digests)
  }

  package func has(_ content: Content) -> Bool { contents[content] != nil }

  /// Reads a file after checking every byte. What the sections say is still not trusted.
  ///
  /// Memory is bounded by the file's size as that of a bundle is.
  package init(path: String) throws(Refusal) {
    self.path = path
    let file = try BundleReader.open(path)
    guard let text = file.record(.part) else {
      throw .unsupported(file: path, "is a model, not counts or scores of samples (dermc calibrate)")
    }
    if let other = file.records.first(where: { !$0.section.isOfPart }) {
      throw .malformed(file: path, "has section \(other.section.name) beside section part")
    }
    if let problem = file.verify().first { throw problem }
    guard text.rawSize <= BundleLimits.json else {
      throw .malformed(file: path, "section part has \(text.rawSize) bytes, more than \(BundleLimits.json)")
    }
    let limit = BundleLimits.tensors(inFileOf: file.size)
    var expanded = 0
    for record in file.records where record.codec != RawCodec.self {
      guard record.rawSize <= limit - expanded else {
        throw .malformed(
          file: path,
          "section \(record.section.name) claims to hold \(record.rawSize) bytes; a file of \(file.size) bytes may hold "
            + "\(limit)")
      }
      expanded += record.rawSize
    }
    var contents: [Content: Buffer] = [:]
    for content in Content.allCases {
      if let record = file.record(content.section) { contents[content] = try file.contents(of: record) }
    }
    self.contents = contents
    let bytes = try file.contents(of: text)
    descriptionHash = bytes.withBytes { SHA256(of: $0) }
    do throws(JSONError) {
      let json = try bytes.withBytes { (bytes) throws(JSONError) in
        try JSON(parsing: bytes, memory: BundleLimits.jsonMemory(inFileOf: file.size), depth: JSON.maximumDepth)
      }
      description = JSONNode(json, name: "part")
    } catch {
      throw .malformed(file: path, "section \(error)")
    }
    try file.mapped.checkUnchanged()
  }

  /// Whether a file begins like a part, or a bundle.
  package static func recognizes(_ path: String) -> Bool { BundleReader.recognizes(path) }

  /// What is wrong with the contents of this file.
  package func malformed(_ what: String) -> Refusal { .malformed(file: path, what) }

  /// Writes a file aside. The same contents give the same bytes (for one version of zlib).
  package static func stage(
    _ description: JSON, _ contents: [Content: [UInt8]], for path: String
  ) throws(Refusal) -> StagedFile {
    let text: [UInt8]
    do throws(JSONError) { text = try description.canonicalBytes() } catch {
      throw .malformed(file: path, "cannot be stored: \(error)")
    }
    guard text.count <= BundleLimits.json else {
      throw .malformed(
        file: path, "its description has \(text.count) bytes, at most \(BundleLimits.json) can be stored")
    }
    var sections = [SectionContents(.part, buffer(text))]
    for content in Content.allCases {
      if let bytes = contents[content] { sections.append(SectionContents(content.section, buffer(bytes))) }
    }
    return try BundleWriter.stage(
      sections, for: path, compression: .smallest, jsonMemory: description.memory + text.count
    ).file
  }

  private static func buffer(_ bytes: [UInt8]) -> Buffer { Buffer(count: bytes.count) { $0.copyBytes(from: bytes) } }
}
