import Texts

extension GateFormat {
  /// Workflow commands of GitHub Actions: an annotation of the budget's line for each limit that is broken, then the
  /// lines for people.
  package static let github = GateFormat(name: "github", summary: "annotations of GitHub Actions, and its job summary")
  { run in
    let annotations = run.failures.map { item, check in
      let title = "dermc gate: \(Printable.name(item.model))"
      return "::error file=\(property(item.budget)),line=\(check.place),title=\(property(title))::\(data(check.text))\n"
    }
    // Lines of names could be commands, too.
    let lines = text.make(run).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.drop { $0 == " " }.hasPrefix("::") ? "| \(line)" : String(line)
    }
    return annotations.joined() + lines.joined(separator: "\n")
  }

  /// What a command carries, as `@actions/core` escapes it.
  private static func data(_ text: String) -> String {
    escaped(text, ["%": "%25", "\r": "%0D", "\n": "%0A", "\r\n": "%0D%0A"])
  }

  private static func property(_ text: String) -> String {
    escaped(text, ["%": "%25", "\r": "%0D", "\n": "%0A", "\r\n": "%0D%0A", ":": "%3A", ",": "%2C"])
  }

  private static func escaped(_ text: String, _ escapes: [Character: String]) -> String {
    text.reduce(into: "") { $0 += escapes[$1] ?? String($1) }
  }
}
