import IR
import NumPyFiles
import Platform
import Tensors
import Testing

/// The stored models and what the TensorFlow Lite interpreter computes for them.
enum Fixtures {
  /// The root of the repository, two folders above this file's.
  static let root = String(#filePath.dropLast("/Tests/TFLiteTests/Fixtures.swift".count))
  static let folder = root + "/fixtures/tflite"

  /// Names of all models, sorted.
  static let models: [String] = {
    var matches = glob_t()
    defer { globfree(&matches) }
    guard glob("\(folder)/*.tflite", 0, nil, &matches) == 0 else { return [] }
    return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
      .map { String($0.dropFirst(folder.count + 1).dropLast(".tflite".count)) }
  }()

  static func path(_ name: String) -> String { "\(folder)/\(name).tflite" }

  /// Inputs, expected outputs, and how large a step of each output is where it is made of integers.
  static func arrays(_ name: String) throws -> (inputs: [Tensor], outputs: [Tensor], steps: [Double?]) {
    let entries = try NumPyFile.read(path: "\(folder)/\(name).npz")
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
    func list(_ prefix: String) -> [Tensor] { (0..<entries.count).compactMap { byName["\(prefix)\($0)"] } }
    let outputs = list("out")
    return (list("in"), outputs, outputs.indices.map { byName["step\($0)"]?.doubles().first })
  }
}

extension Graph {
  func count(_ type: any Operator.Type) -> Int {
    nodesInOrder().count { $0.op.name == type.name }
  }
}

/// A file that is removed when nothing holds it any more.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8], ending: String = "tflite") throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
    var template = Array("\(base)/tflite-XXXXXX.\(ending)".utf8CString)
    let descriptor = mkstemps(&template, Int32(ending.utf8.count + 1))
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
  }

  deinit { unlink(path) }
}
