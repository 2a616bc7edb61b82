import Runtime

/// Tells whoever watches how far some work is, and what is worth knowing about it.
package protocol WorkObserver: Sendable {
  /// A stage of `count` pieces of work begins.
  func begin(_ stage: String, count: Int)
  /// One piece is done; called from any thread.
  func advance()
  func end()
  func warn(_ message: String)
  func note(_ message: String)
}

extension WorkObserver {
  /// What a model needs to run here.
  func note(_ plan: Plan, threads: Int) {
    note(
      "\(plan.steps.count) steps, \(plan.arenaBytes) bytes for activations, \(plan.packedBytes) for packed weights, "
        + "\(threads) thread\(threads == 1 ? "" : "s"), \(Machine.instructionSet)")
  }
}
