import DataSets
import NumPyFiles
import Platform
import Tensors
import Testing

/// A new folder that is removed when nothing holds it any more.
final class Folder: Sendable {
  let path: String

  init() throws {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/dermc-data-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
    path = try #require(made)
  }

  /// With a small tensor file for each name, whose values are the name's position.
  convenience init(_ names: String...) throws {
    try self.init()
    for (index, name) in names.enumerated() { try tensor([Float(index), 1], name) }
  }

  deinit { Folder.remove(path) }

  static func / (folder: Folder, name: String) -> String { "\(folder.path)/\(name)" }

  /// Writes a file, and the folders it lies in.
  @discardableResult
  func write(_ text: String, _ name: String) throws -> String {
    try write(Array(text.utf8), name)
  }

  @discardableResult
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/\(part)"
      mkdir(folder, 0o755)
    }
    try OutputFile.write(bytes, to: self / name)
    return self / name
  }

  @discardableResult
  func tensor(_ values: [Float], _ name: String) throws -> String {
    try write(NumPyFile.encode(Tensor(values, shape: [1, values.count])), name)
  }

  private static func remove(_ path: String) {
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { FileName.string($0.prefix { $0 != 0 }) }
        if name != ".", name != ".." { remove("\(path)/\(name)") }
      }
      closedir(stream)
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

/// Labelled data of models that take two numbers.
func labelled(
  _ folder: Folder, classes: [String]? = nil, _ kind: LabelKind = .oneClass,
  _ change: (inout TableOptions) -> Void = { _ in }
) throws -> SampleSet {
  var options = TableOptions()
  change(&options)
  return try SampleFolder.labelled(
    at: folder.path, classes: classes, labels: kind, inputs: ModelInputs(TensorType(.float32, [1, 2])),
    options: options)
}

/// The error of reading labelled data.
func refusal(
  _ folder: Folder, classes: [String]? = nil, _ kind: LabelKind = .oneClass,
  _ change: (inout TableOptions) -> Void = { _ in }
) -> Refusal? {
  do {
    _ = try labelled(folder, classes: classes, kind, change)
    return nil
  } catch {
    return error as? Refusal
  }
}

extension SampleSet {
  /// Names with the class of each.
  var named: [String: String] {
    Dictionary(samples.map { ($0.name, $0.label.map { classes[$0] } ?? "") }, uniquingKeysWith: { $0 + "," + $1 })
  }
}
