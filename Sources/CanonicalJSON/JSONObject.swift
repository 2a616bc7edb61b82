/// The members of a JSON object: distinct keys, kept in the order they were put in.
///
/// Two keys are the same when Swift's `String` says so, which includes canonically equivalent spellings of one text.
package struct JSONObject: Sendable {
  package private(set) var keys: [String] = []
  private var values: [JSON] = []
  /// Where each key stands; empty while the object is small enough to be searched faster from front to back.
  private var positions: [String: Int] = [:]

  private static let searchedLimit = 12

  package init() {}

  package var count: Int { keys.count }
  package var isEmpty: Bool { keys.isEmpty }

  /// The value of `key`; assigning nil removes the member, assigning a new key appends it.
  package subscript(key: String) -> JSON? {
    get { position(of: key).map { values[$0] } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): values[position] = value
      case (let position?, nil): remove(at: position)
      case (nil, let value?): append(key, value)
      case (nil, nil): break
      }
    }
  }

  private func position(of key: String) -> Int? {
    keys.count <= Self.searchedLimit ? keys.firstIndex(of: key) : positions[key]
  }

  private mutating func append(_ key: String, _ value: JSON) {
    keys.append(key)
    values.append(value)
    if keys.count == Self.searchedLimit + 1 {
      index()
    } else if keys.count > Self.searchedLimit {
      positions[key] = keys.count - 1
    }
  }

  private mutating func remove(at position: Int) {
    keys.remove(at: position)
    values.remove(at: position)
    positions = [:]
    if keys.count > Self.searchedLimit { index() }
  }

  private mutating func index() {
    for (position, key) in keys.enumerated() { positions[key] = position }
  }
}

extension JSONObject: Sequence {
  package func makeIterator() -> Zip2Sequence<[String], [JSON]>.Iterator { zip(keys, values).makeIterator() }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// The members in the order written; of a repeated key the last value stays.
  package init(dictionaryLiteral members: (String, JSON)...) {
    for (key, value) in members { self[key] = value }
  }
}

extension JSONObject: Equatable {
  /// Objects are equal when they have the same members in any order.
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.allSatisfy { key, value in right[key] == value }
  }
}
