import Bundles
import CanonicalJSON
import Reports
import Tensors

/// What was found out on some of the samples of a data set, which can be put together with what was on others.
protocol MergeablePart {
  /// What a file says it holds.
  static var kind: String { get }
  static var version: Int { get }

  init(_ file: PartFile) throws(Refusal)

  /// The models that were run.
  var origins: [PartOrigin] { get }
  var data: PooledData { get }

  /// Adds what another part of the same data has. Whatever the order, and whatever was merged before: the same results.
  ///
  /// - Throws: unless they belong together; then this must not be used any more
  mutating func merge(_ other: Self) throws(Refusal)

  /// Writes a file aside.
  func stage(for path: String) throws(Refusal) -> StagedFile
}

extension MergeablePart {
  init(path: String) throws(Refusal) { try self.init(PartFile(path: path)) }

  /// Whether a file may be a part, or a bundle: `init(path:)` tells which.
  static func recognizes(_ path: String) -> Bool { PartFile.recognizes(path) }

  /// Refuses a description of something else.
  static func check(_ node: JSONNode) throws(JSONError) {
    let found = try node["kind"].string()
    guard found == kind else { throw try node["kind"].error("is of \(found) where \(kind) is expected") }
    let number = try node["version"].int()
    guard number == version else {
      throw try node["version"].error("is \(number), this dermc reads version \(version) of \(kind)")
    }
  }

  /// Refuses what does not belong to this.
  func check(_ other: Self) throws(Refusal) {
    let ofModels =
      origins.count == other.origins.count
      ? zip(other.origins, origins).lazy.compactMap { $0.difference(from: $1) }.first
      : "of \(Figures.count(other.origins.count, "model")), not of \(origins.count) (--against)"
    if let difference = ofModels ?? other.data.difference(from: data) {
      throw Refusal(
        "does not belong to those before: it is \(difference)",
        remedy: "make all parts with the same model, data and options")
    }
    if let shard = other.data.common(with: data) {
      throw Refusal("holds shard \(shard), which is in those before, too", remedy: "give each shard once")
    }
  }

  /// Refuses a part of a whole.
  ///
  /// - Parameter line: the line that makes what is missing
  func checkComplete(_ path: String, line: String) throws(Refusal) {
    for data in data.sites {
      guard let missing = data.shards.missing else { continue }
      let count = data.shards.count
      let option = data.site.map { "--site \($0) " } ?? ""
      throw Refusal(
        file: path,
        reason: "is not complete: of \(count) shards\(data.ofSite) \(missing.text) "
          + (count - data.shards.held == 1 ? "is" : "are") + " missing",
        remedy: "make them (\(line) \(option)--shard \(missing.first)/\(count) ...) and merge all (dermc merge)")
    }
  }

  /// What is in it, in a line.
  var text: String {
    let sites = data.sites.map { data in
      let samples = Figures.count(data.used, "sample")
      let shards: String
      if let missing = data.shards.missing {
        shards = ", shards \(data.shards.text); \(missing.text) to come"
      } else {
        shards = data.shards.count == 1 ? "" : ", all \(data.shards.count) shards"
      }
      return data.site.map { "\($0): \(samples)\(shards)" } ?? "\(samples)\(shards)"
    }
    return sites.count == 1
      ? sites[0]
      : "\(Figures.count(data.used, "sample")) of \(sites.count) sites (\(sites.joined(separator: "; ")))"
  }
}
