import NumPyFiles
import Platform
import Tensors

/// The stored operator cases: small models and what ONNX Runtime computes for them.
enum Fixtures {
  /// The root of the repository, two folders above this file's.
  static let root = String(#filePath.dropLast("/Tests/ONNXTests/Fixtures.swift".count))
  static let folder = root + "/fixtures/operators"

  /// Names of all cases, sorted.
  static let cases: [String] = files(matching: "\(folder)/*.onnx").map { path in
    String(path.dropFirst(folder.count + 1).dropLast(".onnx".count))
  }

  /// Sorted paths that match a pattern of the shell.
  static func files(matching pattern: String) -> [String] {
    var matches = glob_t()
    defer { globfree(&matches) }
    guard glob(pattern, 0, nil, &matches) == 0 else { return [] }
    return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
  }

  static func model(_ name: String) -> String { "\(folder)/\(name).onnx" }

  /// Inputs and expected outputs of a case, in order.
  static func arrays(_ name: String) throws -> (inputs: [Tensor], outputs: [Tensor]) {
    let entries = try NumPyFile.read(path: "\(folder)/\(name).npz")
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
    func list(_ prefix: String) -> [Tensor] {
      (0..<entries.count).compactMap { byName["\(prefix)\($0)"] }
    }
    return (list("in"), list("out"))
  }
}
