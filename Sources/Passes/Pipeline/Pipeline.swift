package import IR
package import Tensors

/// Runs passes and verifies the graph after each.
package enum Pipeline {
  /// Rounds after which a repeating group stops even if its passes still find something.
  package static let roundLimit = 16

  /// Runs groups in order. After an error the graph is as it was before.
  @discardableResult
  package static func run(_ groups: [PassGroup], on graph: inout Graph) throws(Refusal) -> PassLog {
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

  private static func run(_ pass: Pass, on graph: inout Graph, log: inout PassLog) throws(Refusal) {
    log.enter(pass)
    do throws(Refusal) {
      try pass.run(&graph, &log)
      try Verifier.check(graph)
    } catch {
      // A pass that fails, or leaves a graph the verifier does not accept, is at fault, not the model.
      throw Refusal(.defect, reason: "pass \(pass.name): \(error)")
    }
  }
}
