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
