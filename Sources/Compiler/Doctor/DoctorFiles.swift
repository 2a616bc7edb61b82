import CanonicalJSON
import DataSets
import Images
import Tensors

/// The files in which `dermc doctor` hands on what it found, as `--preprocess` and `--labels` read them.
package struct DoctorFiles: Sendable {
  private let preprocessing: String
  private let classes: String

  /// Refuses, before any work is done, what is no folder, cannot be written, or would be replaced without being asked
  /// for.
  package init(folder: String, replaces: Bool) throws(Diagnostic) {
    guard FileTree.kind(of: folder) == .folder else { throw .refused("\(folder): no such folder") }
    preprocessing = "\(folder)/preprocess.json"
    classes = "\(folder)/classes.txt"
    for path in [preprocessing, classes] {
      guard replaces || FileTree.kind(of: path) == .missing else {
        throw .refused("\(path): exists; give another folder, or --overwrite to replace it")
      }
      do throws(FileError) { try OutputFile.check(path) } catch { throw .refused("\(error)") }
    }
  }

  /// Writes what was found, all files or none, and returns their names. Class names that are not known are not written.
  package func write(_ findings: DoctorFindings) throws(Diagnostic) -> [String] {
    guard findings.verdict != .none else {
      throw Diagnostic(
        .failed,
        "\(findings.model): no preprocessing fits \(findings.data), so none is written: "
          + (findings.objection ?? "check both"))
    }
    do throws(FileError) {
      var files = [try StagedFile(findings.best.preprocessing.json.prettyBytes(), for: preprocessing)]
      if let names = findings.classes {
        files.append(try StagedFile(Array(names.map { $0 + "\n" }.joined().utf8), for: classes))
      }
      try StagedFile.commit(files)
      return files.map(\.path)
    } catch {
      throw .refused("\(error)")
    }
  }
}
