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
    case .string(MomentPart.kind): return try merge(MomentPart(first), observer)
    default: return try merge(CalibrationPart(first), observer)
    }
  }

  /// Reads a part whole and says what is in it.
  static func text(of path: String) throws(Refusal) -> String {
    let file = try PartFile(path: path)
    switch file.description.value["kind"] {
    case .string(EvaluationPart.kind): return "scores of \(try EvaluationPart(file).text)"
    case .string(MomentPart.kind): return "second moments of \(try MomentPart(file).text)"
    default: return "counts of \(try CalibrationPart(file).text)"
    }
  }

  /// Merges as a tree, neighbours first: samples are gone over as often as there are levels, not as there are files.
  private func merge<Part: MergeablePart>(_ first: Part, _ observer: any WorkObserver) throws(Refusal) -> Result {
    // Each of twice as many files, at least, as the one after it.
    var pending = [Branch(part: first, paths: paths[..<1])]
    observer.advance()
    for index in paths.indices.dropFirst() {
      var branch = Branch(part: try Part(path: paths[index]), paths: paths[index...index])
      while let last = pending.last, last.paths.count <= branch.paths.count {
        pending.removeLast()
        branch = try last.joined(with: branch)
      }
      pending.append(branch)
      observer.advance()
    }
    var whole = pending.removeLast()
    while let last = pending.popLast() { whole = try last.joined(with: whole) }
    return Result(file: try whole.part.stage(for: output), text: whole.part.text)
  }

  /// What neighbouring files hold together.
  private struct Branch<Part: MergeablePart> {
    var part: Part
    var paths: ArraySlice<String>

    func joined(with next: Branch) throws(Refusal) -> Branch {
      var joined = part
      do throws(Refusal) {
        try joined.merge(next.part)
      } catch {
        throw try culprit(of: next, error)
      }
      return Branch(part: joined, paths: paths + next.paths)
    }

    /// What `error` is about: the first file of `next` that cannot be merged on its own.
    private func culprit(of next: Branch, _ error: Refusal) throws(Refusal) -> Refusal {
      var joined = part
      for path in next.paths {
        let single = try Part(path: path)
        do throws(Refusal) { try joined.merge(single) } catch { return error.of(file: path) }
      }
      return error
    }
  }
}
