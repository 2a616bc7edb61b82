package import Hashing
package import Tensors

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

  /// The hash of the whole file: a bundle's identity. Computed anew by each call.
  package func sha256() -> SHA256 { mapped.withBytes(SHA256.init(of:)) }

  /// Lets pages that were read leave memory; they come back from the file when they are touched.
  package func releasePages() { mapped.releasePages() }

  /// Checks every byte; empty when nothing is damaged.
  package func verify() -> [Refusal] {
    var problems: [Refusal] = []
    var end = Container.headerSize(sections: records.count)
    var previous = "the table of contents"
    for record in records {
      if !mapped.withBytes({ $0[end..<record.offset].allSatisfy { $0 == 0 } }) {
        problems.append(.damaged(file: path, "padding after \(previous) is not zero"))
      }
      if hash(of: record) != record.hash {
        problems.append(.damaged(file: path, "section \(record.section.name) is damaged (SHA-256 differs)"))
      }
      end = record.offset + record.storedSize
      previous = "section \(record.section.name)"
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
    if let problem = verify().first { throw problem }
    var contents = try BundleContents(file: self, selfTest: selfTest, maximumBytes: maximumBytes)
    let bundle = try contents.bundle(selfTest: selfTest)
    // What was checked must be what was read.
    try mapped.checkUnchanged()
    return bundle
  }

  func record(_ section: Section) -> SectionRecord? { records.first { $0.section == section } }

  /// Lends the bytes of a section as they are stored.
  func withStored<Result>(_ record: SectionRecord, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    mapped.withBytes { bytes in
      body(UnsafeRawBufferPointer(rebasing: bytes[record.offset..<record.offset + record.storedSize]))
    }
  }
}
