/// A JSON value.
///
/// Integers and real numbers are kept apart: `1` is `.int(1)`, `1.0` is `.double(1)`, and each is written back as it
/// was read.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// The value of `key` in an object; `nil` where there is none or this is not an object.
  package subscript(key: String) -> JSON? {
    guard case .object(let object) = self else { return nil }
    return object[key]
  }

  /// The element at `index` of an array; `nil` where there is none or this is not an array.
  package subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// A number where `value` is finite, otherwise null: the JSON of a measure that may be undefined.
  package static func finite(_ value: Double?) -> JSON {
    guard let value, value.isFinite else { return .null }
    return .double(value)
  }

  /// An array of integers.
  package static func ints(_ values: some Sequence<Int>) -> JSON { .array(values.map { .int($0) }) }

  /// An array of real numbers.
  package static func doubles(_ values: some Sequence<Double>) -> JSON { .array(values.map { .double($0) }) }

  /// An array of strings.
  package static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map { .string($0) }) }

  /// What the value is, for messages: `an object`, `a string`.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .int: "an integer"
    case .double: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }

  /// An object with its members in the order written; of a repeated key the last value stays.
  package init(dictionaryLiteral members: (String, JSON)...) {
    var object = JSONObject()
    for (key, value) in members { object[key] = value }
    self = .object(object)
  }
}
