import Tensors

/// One block of a tar that says what follows: POSIX ustar, GNU's form of it, or what was before both.
struct TarHeader {
  static let size = 512

  /// What a block is about.
  enum Kind: Equatable {
    case file, folder, link
    /// GNU's name for the next member, where it has more than 100 bytes; the same for what a link leads to.
    case longName, longLink
    /// POSIX's further facts of the next member, or of all that follow.
    case facts, commonFacts
    case other(UInt8)
  }

  let kind: Kind
  /// As it stands here; the empty one of a block that a longer name precedes counts for nothing.
  let name: [UInt8]
  /// Bytes of contents that follow.
  let count: Int

  /// Reads 512 bytes that are not all zero.
  init(_ block: UnsafeRawBufferPointer) throws(Refusal) {
    guard TarHeader.holds(block) else { throw Refusal("is not a header of a tar: its checksum does not hold") }
    count = try TarHeader.count(block)
    var name = TarHeader.text(block, 0..<100)
    // GNU's own form has other things where POSIX goes on with the name's beginning.
    if Array(block[257..<263]) == Array("ustar\0".utf8) {
      let folders = TarHeader.text(block, 345..<500)
      if !folders.isEmpty { name = folders + [UInt8(ascii: "/")] + name }
    }
    self.name = name
    switch block[156] {
    // Before POSIX there was no letter for folders.
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): kind = name.last == UInt8(ascii: "/") ? .folder : .file
    case UInt8(ascii: "1"), UInt8(ascii: "2"): kind = .link
    case UInt8(ascii: "5"): kind = .folder
    case UInt8(ascii: "L"): kind = .longName
    case UInt8(ascii: "K"): kind = .longLink
    case UInt8(ascii: "x"): kind = .facts
    case UInt8(ascii: "g"): kind = .commonFacts
    case let letter: kind = .other(letter)
    }
  }

  /// Whether the sum of all bytes, with spaces where it stands itself, is what is stored; old tars count signed bytes.
  private static func holds(_ block: UnsafeRawBufferPointer) -> Bool {
    guard let stored = octal(block, 148..<156) else { return false }
    var (sum, signed) = (0, 0)
    for (place, byte) in block.enumerated() {
      let counted = (148..<156).contains(place) ? UInt8(ascii: " ") : byte
      sum += Int(counted)
      signed += Int(Int8(bitPattern: counted))
    }
    return stored == sum || stored == signed
  }

  private static func count(_ block: UnsafeRawBufferPointer) throws(Refusal) -> Int {
    let field = 124..<136
    if block[field.lowerBound] & 0x80 == 0 {
      guard let count = octal(block, field) else { throw Refusal("says no size of what follows") }
      return count
    }
    // Twelve bytes as one number, with the highest bit as a mark: GNU's form of what eleven digits do not hold.
    guard block[field.lowerBound] == 0x80 else { throw Refusal("says a negative size, or one that no file has") }
    var count = 0
    for byte in block[field.dropFirst()] {
      let (product, overflow) = count.multipliedReportingOverflow(by: 256)
      guard !overflow, product <= Int.max - Int(byte) else { throw Refusal("says a size that no file has") }
      count = product + Int(byte)
    }
    return count
  }

  /// Octal digits with spaces before and a zero or spaces behind them; nil for anything else.
  private static func octal(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
    let digits = block[range].drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
    // Eleven digits of three bits fit.
    guard !digits.isEmpty, digits.count <= 12 else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
      value = value << 3 | Int(digit - UInt8(ascii: "0"))
    }
    return value
  }

  /// A field up to its first zero.
  private static func text(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
    Array(block[range].prefix { $0 != 0 })
  }
}

/// What a block of POSIX's further facts says (`length key=value`, a line each); only what changes which bytes a member
/// has, or its name.
struct TarFacts {
  private(set) var name: [UInt8]?
  private(set) var count: Int?

  init(_ bytes: ArraySlice<UInt8>) throws(Refusal) {
    var rest = bytes
    while !rest.isEmpty {
      let malformed = Refusal("has further facts (pax) that are not lines of a length, a name and a value")
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty, let length = TarFacts.number(digits), length > digits.count + 1, length <= rest.count,
        rest[digits.endIndex] == UInt8(ascii: " ")
      else { throw malformed }
      let line = rest.prefix(length).dropFirst(digits.count + 1)
      guard line.last == UInt8(ascii: "\n"), let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
        throw malformed
      }
      try take(FileName.string(line[..<equals]), line[(equals + 1)...].dropLast())
      rest = rest.dropFirst(length)
    }
  }

  /// Whether nothing here is about the bytes or the name of a member.
  var isEmpty: Bool { name == nil && count == nil }

  private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) throws(Refusal) {
    switch key {
    case "path":
      name = Array(value)
    case "size":
      guard let number = TarFacts.number(value) else { throw Refusal("says a size that is no number (pax)") }
      count = number
    default:
      guard !key.hasPrefix("GNU.sparse.") else {
        throw Refusal("is stored with holes (sparse)", remedy: "write the tar without --sparse")
      }
    }
  }

  /// Decimal digits; nil for anything else, and for more than fits.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return Int(String(decoding: digits, as: UTF8.self))
  }
}
