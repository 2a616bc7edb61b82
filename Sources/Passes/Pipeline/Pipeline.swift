package import IR

/// Runs passes and verifies the graph after each.
package enum Pipeline {
  /// Rounds after which a repeating group stops even if its passes still find something.
  package static let roundLimit = 16

  /// Runs groups in order. After an error the graph is as it was before.
  @discardableResult
  package static func run(_ groups: [PassGroup], on graph: inout Graph) throws(PassError) -> PassLog {
    var log = PassLog()
    var result = graph
    for group in groups {
      for _ in 0..<(group.repeats ? roundLimit : 1) {
        let before = log.appliedCount
        for pass in group.passes { try run(pass, on: &result, log: &log) }
        if log.appliedCount == before { break }
      }
    }
    graph = result
    return log
  }

  private static func run(_ pass: Pass, on graph: inout Graph, log: inout PassLog) throws(PassError) {
    log.enter(pass)
    do throws(NodeError) {
      try pass.run(&graph, &log)
      try Verifier.check(graph)
    } catch {
      throw PassError(pass: pass.name, cause: error)
    }
  }
}
