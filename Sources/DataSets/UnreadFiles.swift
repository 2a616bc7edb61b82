import Images

/// Files of a kind below a data folder that are neither samples nor tables: nobody reads them.
package struct UnreadFiles: Sendable, Hashable {
  /// The part of their names after the last dot, in lower case; empty where there is none.
  package let ending: String
  package let count: Int

  package init(ending: String, count: Int) {
    self.ending = ending
    self.count = count
  }

  /// What lies beside images and is none of them.
  private static let junkEndings: Set = ["txt", "md", "json", "csv", "tsv"]
  private static let junkNames: Set = ["thumbs.db", "desktop.ini"]

  private var isImage: Bool { Image.unreadFileExtensions.contains(ending) }

  /// Counts files by their endings, the commonest first.
  ///
  /// - Parameter files: paths of those that are not samples
  static func counted(_ files: some Sequence<String>) -> [UnreadFiles] {
    var counts: [String: Int] = [:]
    for file in files where !isJunk(file) { counts[FileTree.fileExtension(file), default: 0] += 1 }
    return counts.map { UnreadFiles(ending: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.ending) < ($0.count, $1.ending) }
  }

  private static func isJunk(_ file: String) -> Bool {
    let name = (file.split(separator: "/").last.map(String.init) ?? file).lowercased()
    return junkEndings.contains(FileTree.fileExtension(file)) || junkNames.contains(name)
      || name.hasPrefix("license") || name.hasPrefix("readme")
      // The expected results that public ONNX models bring along.
      || name.hasPrefix("output_") && name.hasSuffix(".pb")
  }

  /// The line that tells of them, or nil where there are none.
  package static func sentence(_ files: [UnreadFiles], in folder: String) -> String? {
    guard !files.isEmpty else { return nil }
    let total = files.reduce(0) { $0 + $1.count }
    var kinds = files.prefix(8).map { "\($0.count) \($0.ending.isEmpty ? "without ending" : ".\(shown($0.ending))")" }
    if files.count > 8 { kinds.append("...") }
    let remedy = files.contains(where: \.isImage) ? " (convert them to JPEG or PNG)" : ""
    return "\(folder): \(total == 1 ? "1 file is" : "\(total) files are") not read: "
      + kinds.joined(separator: ", ") + remedy
  }

  private static func shown(_ ending: String) -> String { DataTable.shown(ending) }
}
