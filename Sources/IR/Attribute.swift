package import Tensors

/// A value a node carries beside its inputs; the kinds are those of ONNX.
package enum Attribute: Sendable {
  case int(Int)
  case float(Float)
  case string(String)
  case ints([Int])
  case floats([Float])
  case strings([String])
  case tensor(Tensor)

  /// What kind of value this is, for messages.
  package var kind: String {
    switch self {
    case .int: "int"
    case .float: "float"
    case .string: "string"
    case .ints: "ints"
    case .floats: "floats"
    case .strings: "strings"
    case .tensor: "tensor"
    }
  }
}

extension Attribute: Equatable {
  /// Whether two values are the same to the last bit: 0 and -0 differ, as 1 / x tells them apart; NaN equals itself.
  package static func == (a: Attribute, b: Attribute) -> Bool {
    switch (a, b) {
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)): a == b
    case (.ints(let a), .ints(let b)): a == b
    case (.floats(let a), .floats(let b)): a.map(\.bitPattern) == b.map(\.bitPattern)
    case (.strings(let a), .strings(let b)): a == b
    case (.tensor(let a), .tensor(let b)): a.isIdentical(to: b)
    default: false
    }
  }
}

extension Attribute: CustomStringConvertible {
  package var description: String {
    switch self {
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .ints(let values): "\(values)"
    case .floats(let values): "\(values)"
    case .strings(let values): "\(values)"
    // One element is shown with its value, so that different constants do not look alike.
    case .tensor(let tensor) where tensor.count == 1: "\(tensor.type) \(tensor.doubles())"
    case .tensor(let tensor): "\(tensor.type)"
    }
  }
}

/// Reads a node's attributes by name and remembers which were asked for, so that none is silently ignored.
package struct AttributeReader {
  private let attributes: [String: Attribute]
  private var consumed: Set<String> = []

  package init(_ attributes: [String: Attribute]) {
    self.attributes = attributes
  }

  package mutating func has(_ name: String) -> Bool { attributes[name] != nil }

  private mutating func take(_ name: String) -> Attribute? {
    consumed.insert(name)
    return attributes[name]
  }

  package mutating func int(_ name: String, default fallback: Int? = nil) throws(Refusal) -> Int {
    switch take(name) {
    case .int(let value)?: return value
    case nil: if let fallback { return fallback }
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected int")
    }
    throw Refusal("attribute \(name) is missing")
  }

  package mutating func bool(_ name: String, default fallback: Bool) throws(Refusal) -> Bool {
    try int(name, default: fallback ? 1 : 0) != 0
  }

  package mutating func float(_ name: String, default fallback: Float? = nil) throws(Refusal) -> Float {
    switch take(name) {
    case .float(let value)?: return value
    case .int(let value)?: return Float(value)
    case nil: if let fallback { return fallback }
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected float")
    }
    throw Refusal("attribute \(name) is missing")
  }

  package mutating func string(_ name: String, default fallback: String? = nil) throws(Refusal) -> String {
    switch take(name) {
    case .string(let value)?: return value
    case nil: if let fallback { return fallback }
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected string")
    }
    throw Refusal("attribute \(name) is missing")
  }

  /// A list of integers, or nil when the attribute is absent.
  package mutating func ints(_ name: String) throws(Refusal) -> [Int]? {
    switch take(name) {
    case .ints(let values)?: return values
    case .int(let value)?: return [value]
    case .floats(let values)? where values.isEmpty: return []
    case nil: return nil
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected ints")
    }
  }

  /// A list of numbers, or nil when the attribute is absent.
  package mutating func floats(_ name: String) throws(Refusal) -> [Float]? {
    switch take(name) {
    case .floats(let values)?: return values
    case .float(let value)?: return [value]
    case .ints(let values)?: return values.map(Float.init)
    case nil: return nil
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected floats")
    }
  }

  /// A list of texts, or nil when the attribute is absent.
  package mutating func strings(_ name: String) throws(Refusal) -> [String]? {
    switch take(name) {
    case .strings(let values)?: return values
    case .string(let value)?: return [value]
    case nil: return nil
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected strings")
    }
  }

  /// A tensor, or nil when the attribute is absent.
  package mutating func tensor(_ name: String) throws(Refusal) -> Tensor? {
    switch take(name) {
    case .tensor(let value)?: return value
    case nil: return nil
    case let other?: throw Refusal("attribute \(name) is \(other.kind), expected tensor")
    }
  }

  /// Accepts an attribute whose value changes nothing in inference.
  package mutating func ignore(_ names: String...) {
    consumed.formUnion(names)
  }

  /// Attributes that were never asked for, in order.
  package var unread: [String] { attributes.keys.filter { !consumed.contains($0) }.sorted() }

  /// Fails when an attribute was never asked for: its meaning would be lost.
  package func finish() throws(Refusal) {
    let unknown = unread
    guard unknown.isEmpty else {
      throw Refusal("attribute \(unknown.joined(separator: ", ")) is not supported")
    }
  }
}

/// Collects the attributes of an operator for printing and for files.
package struct AttributeWriter {
  package private(set) var attributes: [String: Attribute] = [:]

  package init() {}

  package mutating func set(_ name: String, _ value: Int) { attributes[name] = .int(value) }
  package mutating func set(_ name: String, _ value: Bool) { attributes[name] = .int(value ? 1 : 0) }
  package mutating func set(_ name: String, _ value: Float) { attributes[name] = .float(value) }
  package mutating func set(_ name: String, _ value: String) { attributes[name] = .string(value) }
  package mutating func set(_ name: String, _ values: [Int]) { attributes[name] = .ints(values) }
  package mutating func set(_ name: String, _ values: [Float]) { attributes[name] = .floats(values) }
  package mutating func set(_ name: String, _ value: Tensor) { attributes[name] = .tensor(value) }
}
