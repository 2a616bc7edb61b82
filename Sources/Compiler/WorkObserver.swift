import Reports
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
    note("\(plan.steps.count) steps, \(Figures.count(threads, "thread")), \(Machine.instructionSet)")
    note("memory \(plan.memory.text)")
  }

  /// What the process needed; to be said at the end of its work.
  func notePeak() {
    if let bytes = Machine.peakProcessBytes { note("the process had \(Figures.bytes(bytes)) at most") }
  }
}
