extension [String] {
  /// The name of a class, or its number where it has none.
  func className(_ index: Int) -> String { indices.contains(index) ? self[index] : "\(index)" }
}
