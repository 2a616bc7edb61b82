package import Hashing
package import Tensors
import Threads

/// Opens bundles.
package enum BundleReader {
  /// Maps a file and checks its header and table of contents, no section yet.
  package static func open(_ path: String) throws(Refusal) -> BundleFile {
    let mapped = try MappedFile(path: path)
    let frame = try mapped.withBytes { (bytes) throws(Refusal) in try Container.frame(of: bytes, path: path) }
    return BundleFile(
      mapped: mapped, rootHash: frame.rootHash, records: frame.records, signature: frame.signature)
  }

  /// Whether a file begins like a bundle; false for one that cannot be read.
  package static func recognizes(_ path: String) -> Bool {
    guard let mapped = try? MappedFile(path: path) else { return false }
    return mapped.withBytes { $0.prefix(4).elementsEqual(Container.magic) }
  }
}

/// An open bundle whose header holds.
package struct BundleFile: Sendable {
  package let mapped: MappedFile
  /// The hash in the header: it covers the hashes of all sections.
  package let rootHash: SHA256
  let records: [SectionRecord]
  /// The signature in the file, not yet checked against a key.
  package let signature: BundleSignature?

  package var path: String { mapped.path }
  package var size: Int { mapped.count }
  /// Bytes without a signature.
  var contentSize: Int { size - (signature == nil ? 0 : BundleSignature.size) }
  package var sections: [SectionReport] { records.map(\.report) }

  /// Whether it holds counts or scores of samples (`PartFile`), and no model.
  package var isPart: Bool { records.contains { $0.section == .part } }

  /// The hash of the whole file: a bundle's identity. Computed anew by each call.
  package func sha256() -> SHA256 { mapped.withBytes(SHA256.init(of:)) }

  /// Lets pages that were read leave memory; they come back from the file when they are touched.
  package func releasePages() { mapped.releasePages() }

  /// Checks every byte; empty when nothing is damaged.
  package func verify() -> [Refusal] { records.indices.flatMap(damage) }

  /// What is wrong with the bytes of a section and the padding before it.
  private func damage(_ index: Int) -> [Refusal] {
    var problems: [Refusal] = []
    let record = records[index]
    let before = index == 0 ? nil : records[index - 1]
    let end = before.map { $0.offset + $0.storedSize } ?? Container.headerSize(sections: records.count)
    if !mapped.withBytes({ $0[end..<record.offset].allSatisfy { $0 == 0 } }) {
      let name = before.map { "section \($0.section.name)" } ?? "the table of contents"
      problems.append(.damaged(file: path, "padding after \(name) is not zero"))
    }
    if hash(of: record) != record.hash {
      problems.append(.damaged(file: path, "section \(record.section.name) is damaged (SHA-256 differs)"))
    }
    return problems
  }

  /// The hash of a section's bytes. They leave memory as they are read: most are not needed again, or only one by one.
  private func hash(of record: SectionRecord) -> SHA256 {
    withStored(record) { bytes in
      SHA256(of: bytes, inPiecesOf: 256 << 10) { piece in
        mapped.releasePages(of: record.offset + piece.lowerBound..<record.offset + piece.upperBound)
      }
    }
  }

  /// Reads everything after checking every byte.
  ///
  /// Constants of raw sections are mapped, not copied: they keep the file mapped as long as they live.
  ///
  /// - Parameters:
  ///   - selfTest: whether to read the self-test, too, which programs that only run the model do not need; its bytes
  ///     are checked either way
  ///   - maximumBytes: the memory that decompressed tensors and JSON may take
  package func read(selfTest: Bool = true, maximumBytes: Int = .max) throws(Refusal) -> Bundle {
    var contents: BundleContents
    do throws(Refusal) {
      contents = try BundleContents(file: self, selfTest: selfTest, maximumBytes: maximumBytes)
    } catch {
      if let problem = verify().first { throw problem }
      throw error
    }
    let texts = records.indices.filter { records[$0].section.isJSON }
    let tensors = records.indices.filter { !records[$0].section.isJSON }
    // Where there are weights, they and the graph's text take about as long: a thread for each.
    let tensorBytes = tensors.reduce(0) { $0 + records[$1].rawSize }
    let workers = Workers(threads: tensorBytes < BundleFile.worthAThread ? 1 : min(2, Workers.processors))
    var description: Result<BundleContents.Description, Refusal>?
    var decoded: [Section: Result<Buffer, Refusal>]?
    workers.run(units: 2) { _, units in
      for unit in units {
        if unit == 0, texts.allSatisfy({ damage($0).isEmpty }) {
          description = Result { () throws(Refusal) in try contents.description() }
        }
        if unit == 1, tensors.allSatisfy({ damage($0).isEmpty }) {
          decoded = self.decoded(tensors, selfTest: selfTest)
        }
      }
    }
    guard let description, let decoded else {
      throw verify().first ?? .damaged(file: path, "has changed while it was read")
    }
    let bundle = try contents.bundle(try description.get(), decoded: decoded)
    // What was checked must be what was read.
    try mapped.checkUnchanged()
    return bundle
  }

  /// Bytes of tensors that are worth starting a thread for.
  private static let worthAThread = 1 << 18

  /// The contents of some sections; a problem with one is found when it is asked for.
  private func decoded(_ indices: [Int], selfTest: Bool) -> [Section: Result<Buffer, Refusal>] {
    var results: [Section: Result<Buffer, Refusal>] = [:]
    for index in indices where selfTest || records[index].section != .selfTestTensors {
      results[records[index].section] = Result { () throws(Refusal) in try contents(of: records[index]) }
    }
    return results
  }

  func record(_ section: Section) -> SectionRecord? { records.first { $0.section == section } }

  /// A section's contents: mapped where it is stored raw.
  func contents(of record: SectionRecord) throws(Refusal) -> Buffer {
    let name = record.section.name
    if record.codec == RawCodec.self {
      guard record.rawSize == record.storedSize,
        let buffer = Buffer(mapped, offset: record.offset, count: record.storedSize)
      else { throw .malformed(file: path, "section \(name) is raw, but its two sizes differ") }
      return buffer
    }
    guard record.rawSize <= record.codec.largestRaw(stored: record.storedSize) else {
      throw .malformed(file: path, "section \(name) claims to hold \(record.rawSize) bytes, more than it can")
    }
    var isWhole = false
    // Where decoding fails the memory is not looked at.
    let buffer = Buffer(count: record.rawSize, isZeroed: false) { target in
      isWhole = withStored(record) { record.codec.decode($0, into: target) }
    }
    guard isWhole else {
      throw .malformed(file: path, "section \(name) is not valid \(record.codec.name) data of its size")
    }
    return buffer
  }

  /// Lends the bytes of a section as they are stored.
  func withStored<Result>(_ record: SectionRecord, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    mapped.withBytes { bytes in
      body(UnsafeRawBufferPointer(rebasing: bytes[record.offset..<record.offset + record.storedSize]))
    }
  }
}
