import Bundles
import CanonicalJSON
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
    guard let path = paths.first else { throw .usage("merge: expected files of parts") }
    observer.begin("Merging", count: paths.count)
    defer { observer.end() }
    let first = try PartFile(path: path)
    switch first.description.value["kind"] {
    case .string(EvaluationPart.kind): return try merge(EvaluationPart(first), observer)
    default: return try merge(CalibrationPart(first), observer)
    }
  }

  /// Reads a part whole and says what is in it.
  static func text(of path: String) throws(Refusal) -> String {
    let file = try PartFile(path: path)
    switch file.description.value["kind"] {
    case .string(EvaluationPart.kind): return "scores of \(try EvaluationPart(file).text)"
    default: return "counts of \(try CalibrationPart(file).text)"
    }
  }

  private func merge<Part: MergeablePart>(_ first: Part, _ observer: any WorkObserver) throws(Refusal) -> Result {
    var merged = first
    observer.advance()
    for path in paths.dropFirst() {
      let next = try Part(path: path)
      do throws(Refusal) { try merged.merge(next) } catch { throw error.of(file: path) }
      observer.advance()
    }
    return Result(file: try merged.stage(for: output), text: merged.text)
  }
}
