import Platform
import Synchronization

/// A bar for work over a second, on a terminal only.
final class ProgressBar: Sendable {
  private let title: String
  private let total: Int
  private let start: UInt64
  private let isShown: Bool
  private let state = Mutex((done: 0, drawn: UInt64(0)))

  init(_ title: String, total: Int, quiet: Bool) {
    self.title = title
    self.total = total
    isShown = !quiet && Console.isTerminal
    start = Clock.nanoseconds
  }

  /// Counts one piece of work done. Safe to call from any thread.
  func advance() {
    guard isShown else { return }
    state.withLock { state in
      state.done += 1
      let now = Clock.nanoseconds
      guard now - start > 1_000_000_000, now - state.drawn > 100_000_000 else { return }
      state.drawn = now
      let width = 30
      let filled = total == 0 ? width : state.done * width / total
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
      Console.standardError("\r\(title) [\(bar)] \(state.done)/\(total)")
    }
  }

  /// Removes the bar.
  func finish() {
    guard isShown else { return }
    state.withLock { state in
      if state.drawn > 0 { Console.standardError("\r\u{1B}[K") }
    }
  }
}
