extension JSON {
  /// The deepest nesting of arrays and objects that is read.
  package static let maximumDepth = 64

  /// Reads one JSON text (RFC 8259) strictly.
  ///
  /// The text must be valid UTF-8 without a byte order mark and hold exactly one value. Refused besides what the
  /// grammar refuses: repeated keys, lone surrogates, nesting deeper than `maximumDepth`, integers outside `Int`, and
  /// numbers too large for a finite `Double`.
  ///
  /// - Parameter memory: what the values may take, as `memory` counts it; nil for what fits the length of the text
  package init(parsing bytes: [UInt8], memory: Int? = nil) throws(JSONError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(JSONError) in try JSON(parsing: buffer, memory: memory) }
    }
    self = try result.get()
  }

  /// Reads one JSON text strictly from memory that stays valid during the call.
  ///
  /// - Parameter depth: the deepest nesting that is read
  package init(
    parsing bytes: UnsafeRawBufferPointer, memory: Int? = nil, depth: Int = JSON.maximumDepth
  ) throws(JSONError) {
    let limit = memory ?? JSON.memoryLimit(forTextOf: bytes.count)
    var parser = JSONParser(bytes: bytes, limit: limit, left: limit, deepest: depth)
    self = try parser.parseText()
  }
}

private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  /// Memory the values may take, and what is left of it.
  let limit: Int
  var left: Int
  let deepest: Int
  var offset = 0

  /// Counts memory before it is asked for.
  private mutating func spend(_ memory: Int) throws(JSONError) {
    left -= memory
    guard left >= 0 else { throw .tooLarge(memory: limit, offset: offset) }
  }

  mutating func parseText() throws(JSONError) -> JSON {
    let value = try parseValue(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw .syntax("something follows the value", offset: offset) }
    return value
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == UInt8(ascii: " ") || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  private func unexpected(_ wanted: String) -> JSONError {
    offset < bytes.count
      ? .syntax("expected \(wanted)", offset: offset)
      : .syntax("the text ends where \(wanted) is expected", offset: offset)
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    offset += 1
    return true
  }

  private mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return try parseNumber()
    default: throw unexpected("a value")
    }
  }

  private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let end = offset + word.utf8CodeUnitCount
    let letters = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard end <= bytes.count, UnsafeRawBufferPointer(rebasing: bytes[offset..<end]).elementsEqual(letters) else {
      throw .syntax("expected \(word)", offset: offset)
    }
    offset = end
    return value
  }

  private mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
    try enter(depth)
    var object = JSONObject()
    skipSpace()
    if take("}") { return .object(object) }
    try spend(JSONMemory.container)
    while true {
      try spend(JSONMemory.member)
      skipSpace()
      let keyOffset = offset
      guard next == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
      let key = try parseString()
      guard object[key] == nil else {
        throw .syntax("the key \(JSONWriter.quoted(key)) is repeated", offset: keyOffset)
      }
      skipSpace()
      guard take(":") else { throw unexpected("':'") }
      object[key] = try parseValue(depth: depth + 1)
      skipSpace()
      if take("}") { return .object(object) }
      guard take(",") else { throw unexpected("',' or '}'") }
    }
  }

  private mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
    try enter(depth)
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return .array(elements) }
    try spend(JSONMemory.container)
    while true {
      try spend(JSONMemory.element)
      elements.append(try parseValue(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw unexpected("',' or ']'") }
    }
  }

  /// Steps over the opening bracket of a container that stands inside `depth` others.
  private mutating func enter(_ depth: Int) throws(JSONError) {
    guard depth < deepest else {
      throw .syntax("nested deeper than \(deepest) levels", offset: offset)
    }
    offset += 1
  }

  // MARK: Numbers

  private mutating func parseNumber() throws(JSONError) -> JSON {
    let start = offset
    let negative = take("-")
    if !take("0") { try skipDigits() }
    var integer = true
    if take(".") {
      integer = false
      try skipDigits()
    }
    if take("e") || take("E") {
      integer = false
      if !take("+") { _ = take("-") }
      try skipDigits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    // Int has no negative zero, so this one keeps its sign as a Double.
    if integer, !(negative && text == "-0") {
      guard let value = Int(text) else { throw .syntax("the integer does not fit 64 bits", offset: start) }
      return .int(value)
    }
    guard let value = Double(text), value.isFinite else {
      throw .syntax("the number is too large for a double", offset: start)
    }
    return .double(value)
  }

  private mutating func skipDigits() throws(JSONError) {
    let start = offset
    while let byte = next, isDigit(byte) { offset += 1 }
    guard offset > start else { throw unexpected("a digit") }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  // MARK: Strings

  private mutating func parseString() throws(JSONError) -> String {
    let opening = offset
    offset += 1
    var text = ""
    while true {
      let start = offset
      while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { offset += 1 }
      if offset > start {
        let run = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        guard let decoded = String(validating: run, as: UTF8.self) else {
          throw .syntax("the string is not valid UTF-8", offset: start + validLength(of: run))
        }
        if text.isEmpty { text = decoded } else { text += decoded }
      }
      guard let byte = next else { throw .syntax("the string has no end", offset: opening) }
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        try spend(JSONMemory.heap(ofString: text.utf8.count))
        return text
      case UInt8(ascii: "\\"): text.unicodeScalars.append(try parseEscape())
      default: throw .syntax("a control character must be escaped", offset: offset)
      }
    }
  }

  /// The number of leading bytes that are valid UTF-8.
  private func validLength(of run: UnsafeRawBufferPointer) -> Int {
    var iterator = run.makeIterator()
    var decoder = UTF8()
    var length = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { length += UTF8.width(scalar) }
    return length
  }

  private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
    let start = offset
    offset += 1
    guard let letter = next else { throw .syntax("the text ends inside an escape", offset: start) }
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try parseHex(escape: start)
      if let scalar = Unicode.Scalar(unit) { return scalar }
      guard UTF16.isLeadSurrogate(UInt16(unit)), take("\\"), take("u") else {
        throw .syntax("the escape is half of a surrogate pair", offset: start)
      }
      let trail = try parseHex(escape: start)
      guard UTF16.isTrailSurrogate(UInt16(trail)),
        let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (trail - 0xDC00))
      else { throw .syntax("the escape is half of a surrogate pair", offset: start) }
      return scalar
    default: throw .syntax("unknown escape", offset: start)
    }
  }

  private mutating func parseHex(escape start: Int) throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw .syntax("the escape needs four hexadecimal digits", offset: start)
      }
      unit = unit << 4 | UInt32(digit)
      offset += 1
    }
    return unit
  }
}
