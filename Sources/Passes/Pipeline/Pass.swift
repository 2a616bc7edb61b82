package import IR

/// A rewriting of a graph that keeps what the graph computes (up to rounding), or says that it does not.
///
/// One pass is one file beside this one and one line in `PassList`.
package struct Pass: Sendable {
  /// A verb in kebab case, as reports show it.
  package let name: String
  /// What it does, in one line.
  package let summary: String
  package let run: @Sendable (inout Graph, inout PassLog) throws(NodeError) -> Void

  package init(
    _ name: String, _ summary: String,
    run: @escaping @Sendable (inout Graph, inout PassLog) throws(NodeError) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.run = run
  }
}

/// Passes that run one after another, once or until none of them finds anything more to do.
package struct PassGroup: Sendable {
  package let name: String
  package let passes: [Pass]
  package let repeats: Bool

  package init(_ name: String, repeats: Bool = false, _ passes: [Pass]) {
    self.name = name
    self.passes = passes
    self.repeats = repeats
  }
}

/// A pass that failed, or left a graph the verifier does not accept: a defect of the pass, not of the model.
package struct PassError: Error, CustomStringConvertible {
  package let pass: String
  package let cause: NodeError

  package init(pass: String, cause: NodeError) {
    self.pass = pass
    self.cause = cause
  }

  package var description: String { "pass \(pass): \(cause)" }
}
