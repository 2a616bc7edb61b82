import Bundles
import CanonicalJSON
import DataSets
import Hashing
import Quantization
import Reports
import Tensors

/// The data of parts that were put together: of one listing, or of several sites, each with a listing of its own.
///
/// Pooled, sites are folders beside each other: the samples of site `a` are those of a folder of that name.
struct PooledData: Equatable {
  /// By the bytes of the sites' names; data of no site are alone.
  private(set) var sites: [PartData]

  init(_ data: PartData) { sites = [data] }

  /// Whether sites have names.
  var hasSites: Bool { sites.contains { $0.site != nil } }
  var names: [String] { sites.compactMap(\.site) }
  var used: Int { sites.reduce(0) { $0 + $1.used } }
  var unusable: Int { sites.reduce(0) { $0 + $1.unusable } }
  var shardCount: Int { sites.reduce(0) { $0 + $1.shards.count } }
  /// As `--samples` and `--seed` were given; sites count all they have.
  var asked: Int? { sites.lazy.compactMap(\.asked).first }
  var seed: UInt64 { sites.lazy.map(\.seed).first { $0 != 0 } ?? 0 }

  /// Samples that could not be used, with their site's name before theirs.
  var skipped: [PartData.Skipped] {
    sites.flatMap { data in
      data.skipped.map { .init(position: $0.position, file: data.name($0.file), reason: $0.reason) }
    }
  }

  /// The hashes of files that were read, where they are told.
  var hashes: [SHA256] { sites.flatMap { $0.files.values } }

  /// Which files were read, for reports; nil where that is not told.
  var summary: Report.DataSummary? {
    if sites.contains(where: \.isAnonymous) { return nil }
    let identity = DataIdentity(hashes: hashes)
    return Report.DataSummary(count: identity.count, sha256: identity.sha256.hex)
  }

  // MARK: Numbers of samples

  /// How many samples were chosen at all sites together.
  var chosen: Int { sites.reduce(0) { $0 + $1.chosen } }

  /// The number that the first sample of a site has among all, as its folder lies beside those of the others.
  func firstNumber(of site: String?) -> Int {
    guard let site else { return 0 }
    // Names of files are compared with the site's folder in front.
    return sites.filter { PooledData.precedes("\($0.site ?? "")/", "\(site)/") }.reduce(0) { $0 + $1.samples }
  }

  // MARK: Merging

  /// How the samples of both differ; nil where they are the same, whichever shards they were divided into.
  func differenceOfSamples(from other: PooledData) -> String? {
    guard names == other.names else {
      func text(_ names: [String]) -> String { names.isEmpty ? "of no site" : "of \(names.joined(separator: ", "))" }
      return "\(text(names)), not \(text(other.names)) (--site)"
    }
    for (data, rival) in zip(sites, other.sites) {
      guard let found = data.differenceOfSamples(from: rival) else { continue }
      return data.site.map { "of site \($0) and \(found)" } ?? found
    }
    return nil
  }

  /// A file that was not the same in both, by its number in the listing; nil where all were that both tell of.
  func changedFile(since other: PooledData) -> String? {
    for (data, rival) in zip(sites, other.sites) {
      let changed = data.files.filter { place, hash in rival.files[place].map { $0 != hash } ?? false }.keys.min()
      if let changed { return "its number \(changed + 1)\(data.ofSite)" }
    }
    return nil
  }

  /// Why parts of both cannot be put together; nil where they can.
  func difference(from other: PooledData) -> String? {
    guard hasSites == other.hasSites else {
      return hasSites ? "of a site, the others are of none (--site)" : "of no site, as the others are (--site)"
    }
    for data in sites {
      for rival in other.sites {
        let found = data.site == rival.site ? data.difference(from: rival) : data.differenceOfKind(from: rival)
        if let found { return data.site.map { "of site \($0) and \(found)" } ?? found }
      }
    }
    return nil
  }

  /// A shard that both have, and how many there are of its site, in words; nil where there is none.
  func common(with other: PooledData) -> String? {
    for data in sites {
      for rival in other.sites where data.site == rival.site {
        guard let shard = data.shards.common(with: rival.shards) else { continue }
        return "\(shard) of \(data.shards.count)\(data.ofSite)"
      }
    }
    return nil
  }

  /// Adds the parts of the same listings, or of other sites, that this has not.
  mutating func add(_ other: PooledData) throws(Refusal) {
    for data in other.sites {
      if let index = sites.firstIndex(where: { $0.site == data.site }) {
        try sites[index].add(data)
      } else {
        sites.append(data)
      }
    }
    sites.sort { PooledData.precedes($0.site ?? "", $1.site ?? "") }
  }

  /// The order of sites.
  static func precedes(_ name: String, _ other: String) -> Bool { name.utf8.lexicographicallyPrecedes(other.utf8) }

  // MARK: Storing

  var json: JSON { hasSites ? .array(sites.map(\.json)) : sites.first?.json ?? .null }

  /// Reads all but the hashes of files.
  init(_ node: JSONNode) throws(JSONError) {
    guard case .array = node.value else {
      sites = [try PartData(node)]
      guard !hasSites else { throw node.error("expected a list of sites") }
      return
    }
    sites = try node.elements().map { (node) throws(JSONError) in try PartData(node) }
    let names = self.names
    guard !sites.isEmpty, names.count == sites.count,
      zip(names, names.dropFirst()).allSatisfy({ PooledData.precedes($0, $1) })
    else { throw node.error("expected sites in the order of their names") }
  }

  /// The hashes of files, site after site; nil where none are told.
  var fileBytes: [UInt8]? {
    if sites.contains(where: \.isAnonymous) { return nil }
    var writer = CountWriter()
    for data in sites { data.writeFiles(to: &writer) }
    return writer.bytes
  }

  /// Reads the hashes of files, where a file has some.
  mutating func readFiles(_ file: PartFile) throws(Refusal) {
    let isAnonymous = sites.contains(where: \.isAnonymous)
    guard sites.allSatisfy({ $0.isAnonymous == isAnonymous }) else {
      throw Refusal(.malformed, reason: "holds anonymous sites beside others")
    }
    guard file.has(.files) == !isAnonymous else {
      throw Refusal(.malformed, reason: isAnonymous ? "is anonymous and has hashes of files" : "has no section files")
    }
    if isAnonymous { return }
    var sites = sites
    try file[.files].withBytes { (bytes) throws(Refusal) in
      var reader = CountReader(bytes, name: PartFile.Content.files.rawValue)
      for index in sites.indices { try sites[index].readFiles(from: &reader) }
      guard reader.isAtEnd else { throw reader.malformed("goes on after the last file") }
    }
    self.sites = sites
  }
}

extension PartData {
  /// The name of a site: that of a folder, which is not hidden.
  static func checkSite(_ name: String) throws(Refusal) {
    let isPlain = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || "-_.".utf8.contains(byte)
    }
    guard isPlain, (1...64).contains(name.utf8.count), name.utf8.first != UInt8(ascii: ".") else {
      throw Refusal("expected a name of at most 64 letters (a to z), digits, -, _ and ., with no dot in front")
    }
  }

  /// The name of a sample among those of all sites.
  func name(_ sample: String) -> String { site.map { "\($0)/\(sample)" } ?? sample }

  var ofSite: String { site.map { " of site \($0)" } ?? "" }

  /// How parts of two sites differ in what must be alike everywhere.
  func differenceOfKind(from other: PartData) -> String? {
    if isAnonymous == other.isAnonymous { return nil }
    return isAnonymous ? "anonymous, the others are not" : "not anonymous as the others are"
  }
}
