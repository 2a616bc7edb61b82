/// A JSON value and the place it was found at, for reading into types.
///
/// Every accessor that does not find what it asks for throws an error naming that place:
/// `header.tensors[3].shape: expected an array of integers, found a string`.
package struct JSONNode: Sendable {
  package let value: JSON
  let place: JSONPath

  /// The root of a document; `name` starts every path in errors.
  package init(_ value: JSON, name: String) {
    self.value = value
    place = .root(name)
  }

  fileprivate init(_ value: JSON, _ place: JSONPath) {
    self.value = value
    self.place = place
  }

  /// Where the value stands, such as `header.tensors[3].shape`.
  package var path: String { place.description }

  /// An error about this value, for checks made by the caller.
  package func error(_ what: String) -> JSONError { .unexpected(what, path: path) }

  /// One of the values of an enumeration.
  package func choice<Choice: RawRepresentable<String> & CaseIterable>() throws(JSONError) -> Choice {
    guard let choice = Choice(rawValue: try string()) else {
      throw error("unknown value; known are \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  private func mismatch(_ wanted: String) -> JSONError { error("expected \(wanted), found \(value.kind)") }

  // MARK: Members and elements

  private func object() throws(JSONError) -> JSONObject {
    guard case .object(let object) = value else { throw mismatch("an object") }
    return object
  }

  /// The member `key` of an object, which must be there.
  package subscript(key: String) -> JSONNode {
    get throws(JSONError) {
      guard let member = try object()[key] else { throw error("the member \"\(key)\" is missing") }
      return JSONNode(member, .member(place, key))
    }
  }

  /// The member `key` of an object; `nil` where it is absent or null.
  package func optional(_ key: String) throws(JSONError) -> JSONNode? {
    guard let member = try object()[key], member != .null else { return nil }
    return JSONNode(member, .member(place, key))
  }

  /// All members of an object, in the order of the text.
  package func members() throws(JSONError) -> [(key: String, node: JSONNode)] {
    try object().map { key, value in (key, JSONNode(value, .member(place, key))) }
  }

  /// All elements of an array, each made a node when it is asked for.
  package func elements() throws(JSONError) -> Elements {
    guard case .array(let elements) = value else { throw mismatch("an array") }
    return Elements(values: elements, place: place)
  }

  /// All elements of the array that is the member `key`; none where it is absent or null.
  package func elements(of key: String) throws(JSONError) -> Elements {
    try optional(key)?.elements() ?? Elements(values: [], place: place)
  }

  package struct Elements: RandomAccessCollection {
    fileprivate let values: [JSON]
    fileprivate let place: JSONPath

    package var startIndex: Int { 0 }
    package var endIndex: Int { values.count }
    package subscript(index: Int) -> JSONNode { JSONNode(values[index], .element(place, index)) }
  }

  /// Refuses members other than the named ones.
  package func allowOnly(_ keys: String...) throws(JSONError) {
    for (key, _) in try object() where !keys.contains(key) {
      throw error("unknown member \(JSONWriter.quoted(key)); known are \(keys.joined(separator: ", "))")
    }
  }

  // MARK: Scalars

  package func bool() throws(JSONError) -> Bool {
    guard case .bool(let value) = value else { throw mismatch("a boolean") }
    return value
  }

  /// An integer within `range`.
  package func int(in range: ClosedRange<Int> = Int.min...Int.max) throws(JSONError) -> Int {
    guard case .int(let value) = value else { throw mismatch("an integer") }
    guard range.contains(value) else {
      throw error("\(value) is out of range; expected \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// The position of one of `count` things; of none there is no position.
  package func index(below count: Int) throws(JSONError) -> Int {
    let value = try int()
    guard value >= 0, value < count else {
      let expected = count > 0 ? "expected 0 to \(count - 1)" : "there is nothing to point to"
      throw error("\(value) is out of range; \(expected)")
    }
    return value
  }

  /// A number; integers count as numbers.
  package func double() throws(JSONError) -> Double {
    switch value {
    case .double(let value): return value
    case .int(let value): return Double(value)
    default: throw mismatch("a number")
    }
  }

  /// A number rounded to the nearest `Float`, which must be finite.
  package func float() throws(JSONError) -> Float {
    let value = Float(try double())
    guard value.isFinite else { throw error("the number is too large for 32-bit floating point") }
    return value
  }

  package func string() throws(JSONError) -> String {
    guard case .string(let value) = value else { throw mismatch("a string") }
    return value
  }

  // MARK: Arrays of scalars

  package func ints(in range: ClosedRange<Int> = Int.min...Int.max) throws(JSONError) -> [Int] {
    try elements().map { (node) throws(JSONError) in try node.int(in: range) }
  }

  package func indices(below count: Int) throws(JSONError) -> [Int] {
    try elements().map { (node) throws(JSONError) in try node.index(below: count) }
  }

  package func doubles() throws(JSONError) -> [Double] {
    try elements().map { (node) throws(JSONError) in try node.double() }
  }

  package func floats() throws(JSONError) -> [Float] {
    try elements().map { (node) throws(JSONError) in try node.float() }
  }

  package func strings() throws(JSONError) -> [String] {
    try elements().map { (node) throws(JSONError) in try node.string() }
  }
}

/// The way from a document's root to a value.
indirect enum JSONPath: Sendable, CustomStringConvertible {
  case root(String)
  case member(JSONPath, String)
  case element(JSONPath, Int)

  var description: String {
    switch self {
    case .root(let name): name
    case .member(let parent, let key) where key.utf8.allSatisfy(Self.isPlain) && key.utf8.count <= 64:
      "\(parent).\(key)"
    case .member(let parent, let key): "\(parent)[\(JSONWriter.quoted(key))]"
    case .element(let parent, let index): "\(parent)[\(index)]"
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
      || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "_")
  }
}
