import CanonicalJSON
import DataSets
import Hashing
import Quantization
import Tensors

/// Which samples of a data set a part is of, and what became of them.
struct PartData: Equatable {
  /// A sample that could not be used.
  struct Skipped: Equatable {
    /// In the order of the chosen samples.
    let position: Int
    let file: String
    let reason: String
  }

  /// Those of lower positions are named; of the others only the number is kept.
  static let mostSkipped = 1000

  /// Whose the samples are; nil where there is one listing.
  let site: String?
  /// The hash of the names of all samples, in their order.
  let listing: String
  /// How many samples there are, and how many were chosen of them, by which seed.
  let samples: Int
  let chosen: Int
  let asked: Int?
  let seed: UInt64
  /// The hash of the table that labels or inputs are from; nil where none is.
  let table: String?
  var shards: ShardSet
  /// Samples that were used, and those that could not be.
  var used: Int
  var unusable: Int
  var skipped: [Skipped]
  /// Whether nothing is told of files: no names, no hashes.
  let isAnonymous: Bool
  /// The hashes of files that were read, by their places among the files of the listing.
  var files: [Int: SHA256]

  /// - Parameters:
  ///   - loader: of all samples; those of the shard were read
  ///   - chosen: the samples a shard is a part of
  ///   - site: its name, which was checked
  ///   - most: how many of the chosen samples are looked at in all, those that come first
  init(
    _ loader: SampleLoader, chosen: [Int], asked: Int?, seed: UInt64, shard: Shard, isAnonymous: Bool = false,
    site: String? = nil, atMost most: Int = .max
  ) {
    self.isAnonymous = isAnonymous
    self.site = site
    listing = PartData.listing(loader).hex
    samples = loader.count
    self.chosen = chosen.count
    self.asked = asked
    self.seed = seed
    table = loader.data.tableHash?.hex
    shards = ShardSet(shard)
    let positions = shard.positions(of: chosen.count).clamped(to: 0..<max(0, most))
    let problems = Dictionary(uniqueKeysWithValues: loader.problems.map { ($0.index, $0) })
    let unread = positions.compactMap { position in
      problems[chosen[position]].map {
        Skipped(
          position: position, file: isAnonymous ? "sample \(position + 1)" : $0.sample.name,
          reason: isAnonymous ? "cannot be used" : $0.reason)
      }
    }
    used = positions.count - unread.count
    unusable = unread.count
    skipped = Array(unread.prefix(PartData.mostSkipped))
    files = [:]
    if isAnonymous { return }
    let hashes = loader.contentHashes
    var places: [String: Int] = [:]
    for sample in loader.samples where places[sample.path] == nil {
      let place = places.count
      places[sample.path] = place
      if let hash = hashes[sample.path] { files[place] = hash }
    }
  }

  /// No path above the folder that was given is told, nor the folder of a file that was: other machines have it
  /// elsewhere.
  private static func listing(_ loader: SampleLoader) -> SHA256 {
    var text: [UInt8] = []
    let folder = loader.data.folder
    for sample in loader.samples {
      let name = sample.path == folder ? FileTree.fileName(sample.name) : sample.name
      text += FileName.bytes(name)
      text.append(0)
    }
    return SHA256(of: text)
  }

  // MARK: Merging

  /// Why shards of both cannot be put together; nil where they can.
  func difference(from other: PartData) -> String? {
    if let difference = differenceOfSamples(from: other) ?? differenceOfKind(from: other) { return difference }
    return shards.count == other.shards.count
      ? nil : "one of \(shards.count) shards, not of \(other.shards.count)"
  }

  /// How the samples that shards of both are of differ; nil where they are the same.
  func differenceOfSamples(from other: PartData) -> String? {
    if listing != other.listing || samples != other.samples {
      return "of other samples: \(samples) with the names \(listing.prefix(12))..., not \(other.samples) with "
        + "\(other.listing.prefix(12))..."
    }
    if table != other.table {
      return "of samples that another table describes: \(PartData.text(table)), not \(PartData.text(other.table))"
    }
    if asked != other.asked || seed != other.seed || chosen != other.chosen {
      return "of other samples of one listing: --samples \(asked.map { "\($0)" } ?? "all") --seed \(seed), not "
        + "--samples \(other.asked.map { "\($0)" } ?? "all") --seed \(other.seed)"
    }
    return nil
  }

  private static func text(_ table: String?) -> String { table.map { "\($0.prefix(12))... (SHA-256)" } ?? "none" }

  /// Adds shards of the same listing that this has not.
  mutating func add(_ other: PartData) throws(Refusal) {
    shards.add(other.shards)
    used += other.used
    unusable += other.unusable
    skipped = Array((skipped + other.skipped).sorted { $0.position < $1.position }.prefix(PartData.mostSkipped))
    for (place, hash) in other.files {
      if let known = files.updateValue(hash, forKey: place), known != hash {
        throw Refusal(
          "a file of the listing (its number \(place + 1)) was not the same in both: the data changed meanwhile")
      }
    }
  }

  // MARK: Storing

  var json: JSON {
    var members: JSONObject = [
      "listing": .string(listing), "listed": .int(samples), "chosen": .int(chosen),
      "samples": asked.map { .int($0) } ?? .null, "seed": .int(Int(truncatingIfNeeded: seed)),
      "shards": .int(shards.count), "have": .array(shards.ranges.map { .ints([$0.lowerBound, $0.upperBound]) }),
      "used": .int(used), "unusable": .int(unusable), "anonymous": .bool(isAnonymous),
      "skipped": .array(
        skipped.map { [.int($0.position), .string($0.file), .string($0.reason)] }),
    ]
    if let site { members["site"] = .string(site) }
    if let table { members["table"] = .string(table) }
    return .object(members)
  }

  /// Reads all but the hashes of files.
  init(_ node: JSONNode) throws(JSONError) {
    try node.allowOnly(
      "listing", "listed", "chosen", "samples", "seed", "shards", "have", "used", "unusable", "skipped",
      "anonymous", "table", "site")
    site = try node.optional("site").map { (node) throws(JSONError) in
      let name = try node.string()
      do throws(Refusal) { try PartData.checkSite(name) } catch { throw node.error(error.reason) }
      return name
    }
    listing = try PartOrigin.hash(node["listing"])
    samples = try node["listed"].int(in: 0...1 << 40)
    chosen = try node["chosen"].int(in: 0...samples)
    asked = try node.optional("samples")?.int(in: 1...Int.max)
    seed = UInt64(bitPattern: Int64(try node["seed"].int()))
    table = try node.optional("table").map { (node) throws(JSONError) in try PartOrigin.hash(node) }
    var ranges: [ClosedRange<Int>] = []
    for element in try node["have"].elements() {
      let ends = try element.ints(in: 1...Shard.mostShards)
      guard ends.count == 2, ends[0] <= ends[1] else { throw element.error("expected the ends of a range") }
      ranges.append(ends[0]...ends[1])
    }
    guard let shards = ShardSet(count: try node["shards"].int(in: 1...Shard.mostShards), ranges: ranges) else {
      throw try node["have"].error("expected rising ranges of shards that do not touch")
    }
    self.shards = shards
    used = try node["used"].int(in: 0...chosen)
    unusable = try node["unusable"].int(in: 0...chosen - used)
    isAnonymous = try node["anonymous"].bool()
    skipped = []
    for element in try node["skipped"].elements() {
      let parts = try element.elements()
      guard parts.count == 3, skipped.count < PartData.mostSkipped else {
        throw element.error("expected at most \(PartData.mostSkipped) of a position, a file and a reason")
      }
      skipped.append(
        Skipped(position: try parts[0].index(below: chosen), file: try parts[1].string(), reason: try parts[2].string())
      )
    }
    files = [:]
  }

  /// Writes the hashes of files: their number, then for each how many files of the listing lie between it and the one
  /// before, and 32 bytes.
  func writeFiles(to writer: inout CountWriter) {
    writer.append(UInt64(files.count))
    var next = 0
    for (place, hash) in files.sorted(by: { $0.key < $1.key }) {
      writer.append(UInt64(place - next))
      writer.append(bytes: hash.bytes)
      next = place + 1
    }
  }

  /// Reads the hashes of files.
  mutating func readFiles(from reader: inout CountReader) throws(Refusal) {
    var next = 0
    for _ in 0..<(try reader.count(atMost: samples, "files")) {
      let place = next + (try reader.count(atMost: samples, "files between"))
      guard place < samples, let hash = SHA256(bytes: try reader.bytes(SHA256.size)) else {
        throw reader.malformed("file \(place) is beyond the listing")
      }
      files[place] = hash
      next = place + 1
    }
  }
}
