import Reports
package import Tensors

/// What `dermc merge` does: puts parts of one data set together, exactly, in whichever order they come.
package struct PartMerge {
  private let paths: [String]
  private let output: String

  package init(_ paths: [String], to output: String) {
    self.paths = paths
    self.output = output
  }

  package struct Result: Sendable {
    package let file: StagedFile
    /// What is in it, for people.
    package let text: String
  }

  /// Merges. Nothing is left on disk unless the file is committed.
  package func run(observer: any WorkObserver) throws(Refusal) -> Result {
    observer.begin("Merging", count: paths.count)
    defer { observer.end() }
    guard let first = paths.first else { throw .usage("merge: expected files of parts") }
    var merged = try CalibrationPart(path: first)
    observer.advance()
    for path in paths.dropFirst() {
      let next = try CalibrationPart(path: path)
      do throws(Refusal) { try merged.merge(next) } catch { throw error.of(file: path) }
      observer.advance()
    }
    return Result(file: try merged.stage(for: output), text: merged.text)
  }
}

extension CalibrationPart {
  /// What is in it, in a line.
  var text: String {
    let samples = Figures.count(data.used, "sample")
    guard let missing = data.shards.missing else {
      return data.shards.count == 1 ? samples : "\(samples), all \(data.shards.count) shards"
    }
    return "\(samples), shards \(data.shards.text); \(missing.text) to come"
  }
}
