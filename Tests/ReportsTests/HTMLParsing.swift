/// What a page that is not well-formed XML has in the wrong place.
struct Malformed: Error {
  let what: Substring
}

/// A tag of a page: `<name attribute="value">`, `</name>` or `<name/>`.
struct Tag {
  let name: String
  let isEnd: Bool
  let isEmpty: Bool
  var attributes: [String: String] = [:]
}

/// A page's tags in order; everything in it must be well-formed XML.
func tags(_ page: String) throws -> [Tag] {
  let pieces = page.dropFirst(page.hasPrefix("<!DOCTYPE html>") ? "<!DOCTYPE html>".count : 0)
    .split(separator: "<", omittingEmptySubsequences: false)
  if let first = pieces.first { try checkText(first) }
  return try pieces.dropFirst().map { piece in
    guard let end = piece.firstIndex(of: ">") else { throw Malformed(what: piece) }
    try checkText(piece[piece.index(after: end)...])
    return try tag(piece[..<end])
  }
}

/// Every `&` begins an entity.
private func checkText(_ text: Substring) throws {
  for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
    guard part.prefix(8).contains(";") else { throw Malformed(what: part) }
  }
}

private func tag(_ text: Substring) throws -> Tag {
  let (isEnd, isEmpty) = (text.hasPrefix("/"), text.hasSuffix("/"))
  var rest = text.dropFirst(isEnd ? 1 : 0).dropLast(isEmpty ? 1 : 0)
  let name = rest.prefix { $0.isLetter || $0.isNumber }
  guard !name.isEmpty else { throw Malformed(what: text) }
  rest = rest.dropFirst(name.count)
  var tag = Tag(name: String(name), isEnd: isEnd, isEmpty: isEmpty)
  while !rest.isEmpty {
    guard !isEnd, rest.first == " ", let equals = rest.firstIndex(of: "="), rest[equals...].hasPrefix("=\"") else {
      throw Malformed(what: text)
    }
    let attribute = String(rest[rest.index(after: rest.startIndex)..<equals])
    let value = rest[equals...].dropFirst(2)
    guard let quote = value.firstIndex(of: "\""), !attribute.contains(" ") else { throw Malformed(what: text) }
    tag.attributes[attribute] = String(value[..<quote])
    rest = value[quote...].dropFirst()
  }
  return tag
}

/// The elements left open by a page that is otherwise well-formed XML.
func unclosed(_ page: String) throws -> [String] {
  var open: [String] = []
  for tag in try tags(page) {
    if tag.isEnd {
      guard open.popLast() == tag.name else { throw Malformed(what: Substring(tag.name)) }
    } else if !tag.isEmpty {
      open.append(tag.name)
    }
  }
  return open
}
