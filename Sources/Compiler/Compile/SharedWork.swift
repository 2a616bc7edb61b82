import Tensors

/// Results by what they follow from. Where they are kept, each is worked out once, however many compilations need it.
final class SharedWork<Key: Equatable, Value> {
  /// How many are kept at most, those that were worked out last.
  private let limit: Int
  /// In the order they were worked out.
  private var known: [(key: Key, value: Value)] = []

  /// - Parameters:
  ///   - keeps: whether others will ask; what nobody asks for again would only take memory
  ///   - limit: how many results to keep at most
  init(keeps: Bool, limit: Int = 8) { self.limit = keeps ? limit : 0 }

  func callAsFunction(_ key: Key, _ work: () throws(Refusal) -> Value) throws(Refusal) -> Value {
    if let found = known.first(where: { $0.key == key }) { return found.value }
    // Room is made first, so that what is worked out has the memory of what it replaces.
    if known.count >= limit, !known.isEmpty { known.removeFirst() }
    let value = try work()
    if limit > 0 { known.append((key, value)) }
    return value
  }
}
