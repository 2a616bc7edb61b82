import ArgumentParser
import Compiler
import Reports
import Tensors

/// The first word of the command line.
enum CommandName {
  /// Refuses a word that is no command, and says which one may be meant.
  static func check(_ arguments: [String]) throws(Refusal) {
    guard let word = arguments.first, !word.hasPrefix("-") else { return }
    let known = Dermc.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard !known.contains(word) else { return }
    let nearest = known.map { (name: $0, edits: Spelling.edits(String(word.prefix(64)), $0)) }
      .min { $0.edits < $1.edits }
    let hint = nearest.flatMap { $0.edits <= 2 ? "; did you mean \($0.name)?" : nil } ?? ""
    throw .usage("\(word) is no command\(hint) (there are \(known.joined(separator: ", ")))")
  }
}
