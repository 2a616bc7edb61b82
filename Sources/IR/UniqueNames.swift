/// Names of which none is given twice.
package struct UniqueNames: Sendable {
  private var names: Set<String>
  /// The largest number put after a name to tell it from others: those up to it are taken.
  private var suffixes: [String: Int] = [:]

  package init(_ names: some Sequence<String> = EmptyCollection<String>()) {
    self.names = Set(names)
  }

  /// The name, or the name with the first number after it that makes it one of its own.
  package mutating func unique(_ name: String) -> String {
    if names.insert(name).inserted { return name }
    var suffix = suffixes[name] ?? 1
    while true {
      suffix += 1
      let candidate = "\(name)_\(suffix)"
      guard names.insert(candidate).inserted else { continue }
      suffixes[name] = suffix
      return candidate
    }
  }

  /// Lets a name be given again that was made of another.
  mutating func remove(_ unique: String, madeOf name: String) {
    names.remove(unique)
    guard let suffix = suffixes[name], let number = Int(unique.dropFirst(name.count + 1)) else { return }
    suffixes[name] = min(suffix, number - 1)
  }
}
