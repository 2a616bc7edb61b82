import Tensors

/// C source as it is written down: lines of at most 120 columns.
struct CText {
  static let columns = 120
  private(set) var bytes: [UInt8] = []

  mutating func line(_ text: String = "") {
    bytes += text.utf8
    bytes.append(UInt8(ascii: "\n"))
  }

  /// A comment, one line or several.
  mutating func comment(_ text: String, indentation: Int = 0) {
    let prefix = String(repeating: " ", count: indentation) + "// "
    wrap(text.split(separator: " "), first: prefix, others: prefix)
  }

  /// A call, its arguments on as many lines as they need.
  mutating func call(_ function: String, _ arguments: [String]) {
    var words = arguments.map { "\($0)," }
    if let last = words.popLast() { words.append(last.dropLast() + ");") } else { words = [");"] }
    wrap(words.map { $0[...] }, first: "  \(function)(", others: "      ")
  }

  private mutating func wrap(_ words: [Substring], first: String, others: String) {
    var line = first
    var isEmpty = true
    for word in words {
      if !isEmpty, line.utf8.count + 1 + word.utf8.count > CText.columns {
        self.line(line)
        line = others
        isEmpty = true
      }
      line += isEmpty ? word : " \(word)"
      isEmpty = false
    }
    self.line(line)
  }

  /// An array of numbers between braces.
  mutating func array(_ declaration: String, _ element: ElementType, _ content: [UInt8]) {
    line("\(declaration) = {")
    content.withUnsafeBytes { memory in
      switch element {
      case .int8: numbers(memory.bindMemory(to: Int8.self)) { Int64($0) }
      case .uint8, .bool: numbers(memory.bindMemory(to: UInt8.self)) { Int64($0) }
      case .int32: integers(memory)
      case .float32: floats(memory)
      default: preconditionFailure("no constant of \(element) has a form in plain C")
      }
    }
    line("};")
  }

  private mutating func integers(_ memory: UnsafeRawBufferPointer) {
    items(memory.count / 4) { text, index in
      let value = memory.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)
      // The lowest has no literal of its own.
      if value == .min { text.bytes += "-2147483647 - 1".utf8 } else { text.number(Int64(value)) }
    }
  }

  private mutating func floats(_ memory: UnsafeRawBufferPointer) {
    items(memory.count / 4) { text, index in
      text.bytes += CText.float(memory.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)).utf8
    }
  }

  private mutating func numbers<Element>(_ values: UnsafeBufferPointer<Element>, _ number: (Element) -> Int64) {
    items(values.count) { text, index in text.number(number(values[index])) }
  }

  /// Items with commas between them, in lines.
  private mutating func items(_ count: Int, _ write: (inout CText, Int) -> Void) {
    // The longest float takes 15 letters.
    let room = CText.columns - 18
    var start = bytes.count
    for index in 0..<count {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      if index == 0 || bytes.count - start > room {
        if index > 0 { bytes.append(UInt8(ascii: "\n")) }
        start = bytes.count
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: 2)
      } else {
        bytes.append(UInt8(ascii: " "))
      }
      write(&self, index)
    }
    if count > 0 { bytes.append(UInt8(ascii: "\n")) }
  }

  private mutating func number(_ value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// The shortest decimal that is read as the same bits.
  static func float(_ value: Float) -> String {
    if value.isNaN { return "NAN" }
    if value.isInfinite { return value < 0 ? "-INFINITY" : "INFINITY" }
    let text = value.description
    return "\(text)f"
  }
}
