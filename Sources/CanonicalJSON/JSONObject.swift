/// The members of a JSON object: distinct keys, kept in the order they were put in.
///
/// Two keys are the same when Swift's `String` says so, which includes canonically equivalent spellings of one text.
package struct JSONObject: Sendable {
  private var members: [Member] = []
  /// Where each key stands; empty while the object is small enough to be searched faster from front to back.
  private var positions: [String: Int] = [:]

  fileprivate struct Member {
    let key: String
    var value: JSON
  }

  private static let searchedLimit = 12

  package init() {}

  package var count: Int { members.count }
  package var isEmpty: Bool { members.isEmpty }
  package var keys: [String] { members.map(\.key) }

  /// The value of `key`; assigning nil removes the member, assigning a new key appends it.
  package subscript(key: String) -> JSON? {
    get { position(of: key).map { members[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): members[position].value = value
      case (let position?, nil): remove(at: position)
      case (nil, let value?): append(key, value)
      case (nil, nil): break
      }
    }
  }

  private func position(of key: String) -> Int? {
    members.count <= Self.searchedLimit ? members.firstIndex { $0.key == key } : positions[key]
  }

  private mutating func append(_ key: String, _ value: JSON) {
    members.append(Member(key: key, value: value))
    if members.count == Self.searchedLimit + 1 {
      index()
    } else if members.count > Self.searchedLimit {
      positions[key] = members.count - 1
    }
  }

  private mutating func remove(at position: Int) {
    members.remove(at: position)
    positions = [:]
    if members.count > Self.searchedLimit { index() }
  }

  private mutating func index() {
    for (position, member) in members.enumerated() { positions[member.key] = position }
  }
}

extension JSONObject: Sequence {
  package struct Iterator: IteratorProtocol {
    private var members: Array<Member>.Iterator

    fileprivate init(_ members: [Member]) { self.members = members.makeIterator() }

    package mutating func next() -> (String, JSON)? { members.next().map { ($0.key, $0.value) } }
  }

  package func makeIterator() -> Iterator { Iterator(members) }
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
