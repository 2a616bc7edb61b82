import Testing

@testable import CanonicalJSON

private func parse(_ text: String) throws(JSONError) -> JSON { try JSON(parsing: Array(text.utf8)) }

@Suite struct ParsingTests {
  static let values: [(String, JSON)] = [
    ("null", nil), ("true", true), (" false\n", false), ("0", 0), ("-7", -7),
    ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
    ("1.0", 1.0), ("-0", .double(-0.0)), ("1e3", 1000.0), ("1E-2", 0.01), ("2.5e+1", 25.0),
    ("5e-324", .double(.leastNonzeroMagnitude)),
    ("\"\"", ""), ("[]", []), ("{}", [:]), ("[1, 2.5,\t\"x\"]", [1, 2.5, "x"]),
    (#"{"a": {"b": [null]}}"#, ["a": ["b": [nil]]]),
  ]

  @Test(arguments: values)
  func reads(text: String, expected: JSON) throws {
    #expect(try parse(text) == expected)
  }

  @Test func keepsTheSignOfZero() throws {
    guard case .double(let zero) = try parse("-0") else {
      Issue.record("-0 is not a double")
      return
    }
    #expect(zero.sign == .minus)
  }

  @Test(arguments: [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "A\u{E9}\u{20AC}"),
    (#""\ud83d\ude00""#, "\u{1F600}"), ("\"\u{E9}\u{1F600}\"", "\u{E9}\u{1F600}"), (#""a\u0000b""#, "a\u{0}b"),
  ])
  func readsStrings(text: String, expected: String) throws {
    #expect(try parse(text) == .string(expected))
  }

  static let refused: [(String, Int)] = [
    ("", 0), (" ", 1), ("nul", 0), ("nulL", 0), ("True", 0), ("01", 1), ("-", 1), ("+1", 0), (".5", 0), ("1.", 2),
    ("1.e3", 2), ("1e", 2), ("1e+", 3), ("0x10", 1), ("NaN", 0), ("Infinity", 0), ("1e999", 0), ("-1e999", 0),
    ("9223372036854775808", 0), ("[1", 2), ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3), ("{", 1), ("{\"a\"}", 4),
    ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{a:1}", 1), ("{1:1}", 1), ("{\"a\":1 \"b\":2}", 7), ("1 2", 2), ("[]]", 2),
    ("\"abc", 0), ("\"a\nb\"", 2), ("\"\\x\"", 1), ("\"\\u12g4\"", 1), ("\"\\ud800\"", 1), ("\"\\udc00\"", 1),
    ("\"\\ud800\\u0041\"", 1), ("'a'", 0), ("// c\n1", 0), ("\u{FEFF}1", 0),
    (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":2}"#, 7),
  ]

  @Test(arguments: refused)
  func refuses(text: String, offset: Int) {
    #expect {
      try parse(text)
    } throws: { error in
      guard case JSONError.syntax(_, offset) = error else { return false }
      return true
    }
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22], [0x22, 0x80, 0x22],
    ] as [[UInt8]])
  func refusesInvalidUTF8(bytes: [UInt8]) {
    #expect(throws: JSONError.syntax("the string is not valid UTF-8", offset: 1)) { try JSON(parsing: bytes) }
  }

  @Test func limitsDepth() throws {
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try parse(deepest)
    #expect(throws: JSONError.syntax("nested deeper than 64 levels", offset: 64)) { try parse("[" + deepest + "]") }
    #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
  }

  @Test func refusesEveryTruncation() throws {
    let text = #"{"a": [1, -2.5e-3, true, null, "x\u00e9\n"], "b": {"c": "d"}}"#
    _ = try parse(text)
    for length in 0..<text.utf8.count {
      #expect(throws: JSONError.self, "\(length) bytes") { try JSON(parsing: Array(text.utf8.prefix(length))) }
    }
  }

  @Test func survivesEveryByteInEveryPlace() {
    let text = Array(#"{"a":[1,-2.5e-3,"\u00e9"]}"#.utf8)
    for position in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[position] = byte
        guard let value = try? JSON(parsing: changed) else { continue }
        #expect(throws: Never.self) { try JSON(parsing: value.canonicalBytes()) }
      }
    }
  }

  @Test func findsRepeatedKeysInLargeObjects() throws {
    let members = (0..<500).map { "\"k\($0)\":\($0)" }
    let object = try parse("{" + members.joined(separator: ",") + "}")
    #expect(object["k499"] == 499)
    #expect(object["k500"] == nil)
    #expect(throws: JSONError.self) { try parse("{" + (members + ["\"k250\":0"]).joined(separator: ",") + "}") }
  }

  @Test func namesTheOffsetInItsMessage() {
    #expect(throws: JSONError.syntax("expected ',' or ']'", offset: 3)) { try parse("[1 2]") }
    #expect(
      JSONError.syntax("expected ',' or ']'", offset: 3).description == "invalid JSON at byte 3: expected ',' or ']'")
  }
}

/// What values take in memory is counted before it is asked for.
@Suite struct MemoryTests {
  static let texts = [
    "null", "[]", "{}", "[0]", "[[[0]],[]]",
    #"{"a":1,"b":{"a long key, which lies on the heap":"a long text as well"}}"#,
    #"["\u00e9\u00e9 \n escaped and longer than fifteen bytes","short"]"#,
    "{" + (0..<40).map { "\"\($0)\":[\($0)]" }.joined(separator: ",") + "}",
  ]

  @Test(arguments: texts)
  func readersCountWhatWritersDo(text: String) throws {
    let value = try parse(text)
    let bytes = Array(text.utf8)
    #expect(try JSON(parsing: bytes, memory: value.memory) == value)
    guard value.memory > 0 else { return }
    let error = #expect(throws: JSONError.self) { try JSON(parsing: bytes, memory: value.memory - 1) }
    guard case .tooLarge(value.memory - 1, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: ["0,", "{},", "[],", "[0],", "\"\",", "{\"\":0},", "[[[[[[0]]]]]],"])
  func textThatBecomesManyTimesItsSizeIsRefused(element: String) {
    let count = (5 << 18) / element.utf8.count
    let text = Array(("[" + String(repeating: element, count: count) + "0]").utf8)
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
  }

  @Test func ordinaryTextHasRoom() throws {
    // A report of a thousand layers, and a confusion matrix of 64 classes, are far from the limit.
    let layer = #"{"name":"features.12.conv.0.weight","op":"Conv","macs":123456,"sqnr_db":31.25,"shape":[1,64,56,56]}"#
    let row = "[" + String(repeating: "12, ", count: 63) + "0]"
    let text =
      #"{"layers":["# + Array(repeating: layer, count: 1000).joined(separator: ",\n") + #"],"confusion":["#
      + Array(repeating: row, count: 64).joined(separator: ",") + "]}"
    #expect(try parse(text).memory < 4 << 20)
  }
}
