import DataSets
import Tensors

/// Samples that are in two data sets which should have none in common, are copies of each other, or show the same
/// patients or lesions. To be asked once all samples were read.
struct SampleOverlap {
  /// Samples of the second set that are the same files, have the same contents, or are of the same group.
  private(set) var same = 0
  private(set) var copies = 0
  private(set) var related = 0
  /// The column that tells of groups.
  private let column: String?
  private let total: Int

  /// - Parameters:
  ///   - samples: those of the first set that matter
  ///   - other: the second set, of which all do
  init(_ loader: SampleLoader, samples: [Int], with other: SampleLoader) {
    let hashes = loader.contentHashes
    let paths = Set(samples.map { loader.samples[$0].path })
    let contents = Set(paths.compactMap { hashes[$0] })
    let groups = SampleOverlap.commonGroups(loader, other)
    let own = Set(groups.map { groups in samples.map { groups.first.names[$0] } } ?? []).subtracting([""])
    let others = other.contentHashes
    column = groups?.second.column
    total = other.count
    for (index, sample) in other.samples.enumerated() {
      if paths.contains(sample.path) {
        same += 1
      } else if let hash = others[sample.path], contents.contains(hash) {
        copies += 1
      } else if let name = groups?.second.names[index], own.contains(name) {
        related += 1
      }
    }
  }

  /// Whether the second set is nothing but samples of the first.
  var isAll: Bool { total > 0 && same + copies == total }

  /// What to warn of; nil where there is nothing.
  ///
  /// - Parameters:
  ///   - noun: what samples of the second set are called
  ///   - done: what was done with those of the first
  ///   - origin: what those are called
  func warning(_ noun: String, done: String, origin: String) -> String? {
    let total = "of \(total) \(noun)"
    var seen = same + copies == 0 ? "" : "\(same + copies) \(total) were \(done) too"
    if same > 0, copies > 0 { seen += " (\(copies) as copies under other names)" }
    if same == 0, copies > 0 { seen += ", as copies under other names" }
    if related > 0, let column {
      seen += seen.isEmpty ? "\(related) \(total)" : "; \(related) more"
      seen += " have the \(column) of \(origin)"
    }
    return seen.isEmpty ? nil : "\(seen): use a folder of others"
  }

  /// Whose images both sets are, where the same column tells, in a table of each or one table for both.
  private static func commonGroups(
    _ loader: SampleLoader, _ other: SampleLoader
  ) -> (first: GroupColumn, second: GroupColumn)? {
    let (own, other) = (loader.data, other.data)
    switch (own.groups, other.groups) {
    case (let mine?, let theirs?): return mine.column.lowercased() == theirs.column.lowercased() ? (mine, theirs) : nil
    case (nil, let theirs?):
      return other.table.flatMap { own.groups(of: theirs.column, in: $0) }.map { ($0, theirs) }
    case (let mine?, nil): return own.table.flatMap { other.groups(of: mine.column, in: $0) }.map { (mine, $0) }
    case (nil, nil): return nil
    }
  }
}
