package import IR
package import Tensors

/// A rewriting of a graph that keeps what the graph computes (up to rounding), or says that it does not.
///
/// One pass is one file beside this one and one line in `PassList`.
package struct Pass: Sendable {
  /// A verb in kebab case, as reports show it.
  package let name: String
  /// What it does, in one line.
  package let summary: String
  private let body: @Sendable (inout Graph, inout PassLog) throws(Refusal) -> Void

  package init(
    _ name: String, _ summary: String,
    run: @escaping @Sendable (inout Graph, inout PassLog) throws(Refusal) -> Void
  ) {
    self.name = name
    self.summary = summary
    body = run
  }

  package func run(_ graph: inout Graph, _ log: inout PassLog) throws(Refusal) { try body(&graph, &log) }
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
