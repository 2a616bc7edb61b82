import CPlainC

/// What a web page consists of that runs a program, whatever the model: the files of `Web`.
package enum PageParts {
  /// The interpreter, built by `scripts/build-web`.
  package static let interpreter: [UInt8] = bytes("interpreter.wasm")
  package static let script: String = String(decoding: bytes("page.js"), as: UTF8.self)
  package static let style: String = String(decoding: bytes("page.css"), as: UTF8.self)

  private static func bytes(_ name: String) -> [UInt8] {
    var count = 0
    let parts = UnsafeBufferPointer(start: cpc_page_parts(&count), count: count)
    guard let part = parts.first(where: { String(cString: $0.name) == name }) else {
      preconditionFailure("there is no part \(name) of a page")
    }
    return Array(UnsafeBufferPointer(start: part.bytes, count: part.count))
  }
}
