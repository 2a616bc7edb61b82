import CanonicalJSON
import Texts

extension GateFormat {
  /// GitLab's code quality report: an issue at the budget's line for each limit that is broken.
  static let gitlab = GateFormat(name: "gitlab", summary: "GitLab's code quality report") { run in
    let issues = run.failures.map { item, check -> JSON in
      [
        "description": .string("\(Printable.name(item.model)): \(check.text)"), "check_name": .string(check.rule),
        "fingerprint": .string(check.fingerprint(item)), "severity": "major",
        "location": ["path": .string(path(item.budget)), "lines": ["begin": .int(check.place)]],
      ]
    }
    return String(decoding: JSON.array(issues).prettyBytes(), as: UTF8.self)
  }

  /// Relative to the repository, without `./`.
  private static func path(_ path: String) -> String { path.hasPrefix("./") ? String(path.dropFirst(2)) : path }
}
