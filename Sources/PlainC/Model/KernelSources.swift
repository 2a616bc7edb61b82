import CPlainC
import Tensors

/// The C files of the kernels, as they are written beside a program.
package enum KernelSources {
  /// Their bytes by their names.
  package static let all: [String: [UInt8]] = {
    var count = 0
    let sources = UnsafeBufferPointer(start: cpc_sources(&count), count: count)
    return Dictionary(
      uniqueKeysWithValues: sources.map { source in
        (String(cString: source.name), Array(UnsafeBufferPointer(start: source.bytes, count: source.count)))
      })
  }()

  /// The headers and all they include, in the order of their names.
  static func closure(of headers: some Sequence<String>) -> [String] {
    var found: Set<String> = []
    var waiting = Array(headers)
    while let header = waiting.popLast() {
      guard found.insert(header).inserted else { continue }
      guard let bytes = all[header] else { preconditionFailure("there is no kernel source \(header)") }
      waiting += included(by: bytes)
    }
    return found.sorted()
  }

  /// Files of the same folder that a file includes.
  private static func included(by bytes: [UInt8]) -> [String] {
    let prefix = Array("#include \"".utf8)
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard line.starts(with: prefix) else { return nil }
      return String(decoding: line.dropFirst(prefix.count).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }
  }
}
