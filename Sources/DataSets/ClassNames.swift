/// Class names in the model's order, and how the names of data are found among them.
struct ClassNames {
  private(set) var names: [String]
  private var exact: [String: Int] = [:]
  /// Positions by the name in lower case; nil where several names differ in their case only.
  private var folded: [String: Int?] = [:]
  /// Names of the data that differ from the model's in their case.
  private var adapted: [String: String] = [:]

  init(_ names: [String]) {
    self.names = names
    for (index, name) in names.enumerated().reversed() { exact[name] = index }
    for (name, index) in exact {
      let key = name.lowercased()
      folded[key] = folded[key] == nil ? .some(index) : .some(nil)
    }
  }

  /// The position of a name; one that differs in its case only will do where there is just one such.
  mutating func index(of name: String) -> Int? {
    if let index = exact[name] { return index }
    guard let index = folded[name.lowercased()] ?? nil else { return nil }
    if adapted.count < 64 { adapted[name] = names[index] }
    return index
  }

  /// Gives classes that have only a number their number as name.
  mutating func extend(to count: Int) {
    while names.count < count { names.append("\(names.count)") }
  }

  /// Which names were taken for which, where they differ in their case.
  var note: String? {
    guard !adapted.isEmpty else { return nil }
    let pairs = adapted.sorted { $0.key < $1.key }
    return "class \(DataTable.list(pairs.map(\.key))) of the data is taken as "
      + "\(DataTable.list(pairs.map(\.value))) of the model"
  }
}
