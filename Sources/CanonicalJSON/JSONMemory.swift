/// What values read from JSON take in memory, counted with what arrays set aside to grow and the heap adds to each
/// piece: rather too much than too little.
///
/// Text can ask for much more memory than its own: `[0]` is three bytes, and an array of one element 150.
enum JSONMemory {
  static let element = 2 * MemoryLayout<JSON>.stride
  /// An array or object with something in it.
  static let container = 64
  /// A member's key, value and place in the index.
  static let member = 2 * (MemoryLayout<JSON>.stride + MemoryLayout<String>.stride) + 48

  /// What a string of so many bytes needs besides its place: short ones lie in it.
  static func heap(ofString count: Int) -> Int { count > 15 ? count + 48 : 0 }
}

extension JSON {
  /// What may always be taken: more than any report or graph of a usual size needs.
  private static let freeMemory = 16 << 20

  /// The memory that the values of a text of so many bytes may take: with the text and a copy of it, eight times the
  /// text.
  package static func memoryLimit(forTextOf bytes: Int) -> Int {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: 6)
    return overflow ? .max : max(freeMemory, product)
  }

  /// What a reader counts for the value.
  package var memory: Int {
    switch self {
    case .null, .bool, .int, .double: 0
    case .string(let text): JSONMemory.heap(ofString: text.utf8.count)
    case .array(let elements):
      elements.reduce(elements.isEmpty ? 0 : JSONMemory.container) { $0 + JSONMemory.element + $1.memory }
    case .object(let object):
      object.reduce(object.isEmpty ? 0 : JSONMemory.container) { sum, member in
        sum + JSONMemory.member + JSONMemory.heap(ofString: member.0.utf8.count) + member.1.memory
      }
    }
  }
}
