import Compiler
import Synchronization

/// Shows the progress, warnings and notes of some work on standard error.
final class Watcher: WorkObserver {
  private let quiet: Bool
  private let verbose: Bool
  private let bar = Mutex<ProgressBar?>(nil)

  init(_ options: CommonOptions) {
    quiet = options.quiet
    verbose = options.verbose
  }

  func begin(_ stage: String, count: Int) {
    let fresh = ProgressBar(stage, total: count, quiet: quiet)
    bar.withLock { $0 = fresh }
  }

  func advance() { bar.withLock { $0 }?.advance() }

  func end() {
    bar.withLock { bar in
      bar?.finish()
      bar = nil
    }
  }

  func warn(_ message: String) {
    if !quiet { Console.message("warning: \(message)") }
  }

  func note(_ message: String) {
    if verbose { Console.message(message) }
  }
}
