import Glibc
import NumPyFiles
import Tensors

/// The stored operator cases: small models and what ONNX Runtime computes for them.
enum Fixtures {
  /// The root of the repository, two folders above this file's.
  static let root = String(#filePath.dropLast("/Tests/ONNXTests/Fixtures.swift".count))
  static let folder = root + "/fixtures/operators"

  /// Names of all cases, sorted.
  static let cases: [String] = {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".onnx") { names.append(String(name.dropLast(5))) }
    }
    return names.sorted()
  }()

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
