import ArgumentParser
import Compiler
import Tensors

/// The first word of the command line.
enum CommandName {
  /// Refuses a word that is no command, and says which one may be meant.
  static func check(_ arguments: [String]) throws(Refusal) {
    guard let word = arguments.first, !word.hasPrefix("-") else { return }
    let known = Dermc.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard !known.contains(word) else { return }
    let nearest = known.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
    let hint = nearest.flatMap { $0.distance <= 2 ? "; did you mean \($0.name)?" : nil } ?? ""
    throw .usage("\(word) is no command\(hint) (there are \(known.joined(separator: ", ")))")
  }

  /// The least number of letters to insert, delete or replace (Levenshtein, 1966).
  private static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.prefix(64)), Array(b))
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let replaced = diagonal + (letter == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}
