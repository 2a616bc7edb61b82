import CanonicalJSON
import DataSets
import Images
package import Tensors

/// The files in which `dermc doctor` hands on what it found, as `--preprocess` and `--labels` read them.
package struct DoctorFiles: Sendable {
  private let preprocessing: String
  private let classes: String

  /// Refuses, before any work is done, what is no folder, cannot be written, or would be replaced without being asked
  /// for.
  package init(folder: String, replaces: Bool) throws(Refusal) {
    guard FileTree.kind(of: folder) == .folder else { throw Refusal(file: folder, reason: "no such folder") }
    preprocessing = "\(folder)/preprocess.json"
    classes = "\(folder)/classes.txt"
    for path in [preprocessing, classes] {
      guard replaces || FileTree.kind(of: path) == .missing else {
        throw Refusal(file: path, reason: "exists; give another folder, or --overwrite to replace it")
      }
      try OutputFile.check(path)
    }
  }

  /// Writes what was found, all files or none, and returns their names. Class names that are not known are not written.
  package func write(_ findings: DoctorFindings) throws(Refusal) -> [String] {
    guard findings.verdict != .none else {
      throw Refusal(
        .failed, file: findings.model,
        reason: "no preprocessing fits \(findings.data), so none is written: "
          + (findings.objection ?? "check both"))
    }
    var files = [try StagedFile(findings.best.preprocessing.json.prettyBytes(), for: preprocessing)]
    if let names = findings.classes {
      files.append(try StagedFile(Array(names.map { $0 + "\n" }.joined().utf8), for: classes))
    }
    try StagedFile.commit(files)
    return files.map(\.path)
  }
}
