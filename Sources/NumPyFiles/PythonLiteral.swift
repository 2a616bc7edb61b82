import Tensors

/// Parses the Python literal in a .npy header: a flat dictionary of strings, booleans and tuples of integers.
struct PythonLiteral {
  enum Value {
    case string(String)
    case bool(Bool)
    case tuple([Int])
    /// A structured type's field list, which is not looked into.
    case list
    case dictionary([String: Value])
  }

  private let text: UnsafeRawBufferPointer
  private var offset = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// The dictionary that is the whole text.
  mutating func parse() throws(Refusal) -> Value {
    try expect("{")
    var members: [String: Value] = [:]
    while !take("}") {
      let key = try parseString()
      try expect(":")
      let value = try parseValue()
      guard members.updateValue(value, forKey: key) == nil else { throw malformed }
      // The fields of a structured type can be nested at will; what follows them does not matter any more.
      if case .list = value { return .dictionary(["descr": value, "fortran_order": value, "shape": value]) }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard offset == text.count else { throw malformed }
    return .dictionary(members)
  }

  private var malformed: Refusal { Refusal(reason: "the .npy header is malformed at its byte \(offset)") }

  private mutating func skipSpace() {
    while offset < text.count, text[offset] == UInt8(ascii: " ") || text[offset] == 0x0A { offset += 1 }
  }

  private mutating func take(_ word: StaticString) -> Bool {
    skipSpace()
    let letters = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard UnsafeRawBufferPointer(rebasing: text[offset...]).starts(with: letters) else { return false }
    offset += letters.count
    return true
  }

  private mutating func expect(_ word: StaticString) throws(Refusal) {
    guard take(word) else { throw malformed }
  }

  private mutating func parseValue() throws(Refusal) -> Value {
    if take("True") { return .bool(true) }
    if take("False") { return .bool(false) }
    if take("[") { return .list }
    if take("(") { return .tuple(try parseIntegers()) }
    return .string(try parseString())
  }

  private mutating func parseString() throws(Refusal) -> String {
    let quote: UInt8 =
      if take("'") { UInt8(ascii: "'") } else if take("\"") { UInt8(ascii: "\"") } else { throw malformed }
    let start = offset
    while offset < text.count, text[offset] != quote {
      guard (0x20...0x7E).contains(text[offset]), text[offset] != UInt8(ascii: "\\") else { throw malformed }
      offset += 1
    }
    guard offset < text.count else { throw malformed }
    offset += 1
    return String(decoding: text[start..<offset - 1], as: UTF8.self)
  }

  private mutating func parseIntegers() throws(Refusal) -> [Int] {
    var integers: [Int] = []
    while !take(")") {
      skipSpace()
      let start = offset
      while offset < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[offset]) { offset += 1 }
      guard let value = Int(String(decoding: text[start..<offset], as: UTF8.self)) else { throw malformed }
      integers.append(value)
      if !take(",") {
        try expect(")")
        break
      }
    }
    return integers
  }
}
