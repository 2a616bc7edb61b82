import Platform
import Tensors

/// The files beside a model that hold tensors too large for it.
///
/// A model says where they are, and a model is not to be trusted: only regular files inside the model's own folder are
/// opened, whatever names, `..` and symbolic links say.
final class ExternalData {
  // Paths are taken apart by bytes: to the system a slash is one whatever combining mark follows it.
  private static let slash = UInt8(ascii: "/")

  private let folder: String
  private var files: [String: MappedFile] = [:]

  init(modelPath: String) {
    let slash = modelPath.utf8.lastIndex(of: ExternalData.slash)
    folder = slash.map { $0 == modelPath.startIndex ? "/" : String(modelPath[..<$0]) } ?? "."
  }

  /// The files opened so far, each once, in the order of their names' bytes.
  var opened: [MappedFile] {
    var seen: Set<String> = []
    return files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
      .filter { seen.insert($0.path).inserted }
  }

  /// The file and range a tensor's entries (location, offset, length) name.
  func locate(
    _ entries: [(key: String, value: String)], byteCount: Int
  ) throws(Refusal) -> (file: MappedFile, range: Range<Int>) {
    var location: String?
    var offset = 0
    var length = byteCount
    for (key, value) in entries {
      switch key {
      case "location": location = value
      case "offset": offset = try number(key, value)
      case "length": length = try number(key, value)
      default: break
      }
    }
    guard let location, !location.isEmpty else { throw Refusal("its external data names no file") }
    let file = try open(location)
    guard length == byteCount else {
      throw Refusal("its external data is \(length) bytes long, its shape needs \(byteCount)")
    }
    guard offset <= file.count - length else {
      throw Refusal(
        "its external data at \(offset) of \(length) bytes runs past the end of \(printable(location)) (\(file.count))",
        remedy: "the companion file is truncated or belongs to another model")
    }
    return (file, offset..<offset + length)
  }

  private func number(_ key: String, _ text: String) throws(Refusal) -> Int {
    guard let value = Int(text), value >= 0 else {
      throw Refusal("its external data has \(key) \"\(printable(text))\", expected a number")
    }
    return value
  }

  private func open(_ location: String) throws(Refusal) -> MappedFile {
    if let file = files[location] { return file }
    let components = location.utf8.split(separator: ExternalData.slash, omittingEmptySubsequences: false)
    guard location.utf8.first != ExternalData.slash, !components.contains(where: { $0.elementsEqual("..".utf8) }),
      !location.utf8.contains(0)
    else {
      throw Refusal(
        "its external data is in \"\(printable(location))\", expected a relative path inside the model's folder")
    }
    let path = folder + "/" + location
    guard let real = resolve(path), let root = resolve(folder) else {
      throw Refusal(
        "its external data file \"\(printable(location))\" is missing",
        remedy: "put it into the folder of the model")
    }
    guard real.utf8.starts(with: (root == "/" ? root : root + "/").utf8) else {
      throw Refusal("its external data file \"\(printable(location))\" leads outside the model's folder")
    }
    do throws(Refusal) {
      let file = try MappedFile(path: real)
      files[location] = file
      return file
    } catch {
      throw error.about("its external data file \"\(printable(location))\" cannot be read")
    }
  }

  /// The path without symbolic links; nil when there is nothing.
  private func resolve(_ path: String) -> String? {
    guard let resolved = FileName.withPath(path, { realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return FileName.string(resolved)
  }
}
