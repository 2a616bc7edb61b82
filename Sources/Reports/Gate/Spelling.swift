/// What somebody may have meant.
package enum Spelling {
  /// The known word with the fewest edits, where they are at most a third of it.
  package static func nearest(to word: String, among known: [String]) -> String? {
    guard word.count <= 64 else { return nil }
    let ranked = known.map { (word: $0, edits: edits(word, $0)) }
    guard let best = ranked.min(by: { $0.edits < $1.edits }), 3 * best.edits <= best.word.count else { return nil }
    return best.word
  }

  /// Insertions, removals and replacements that make one word of the other (Levenshtein distance).
  package static func edits(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let replaced = diagonal + (letter == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
