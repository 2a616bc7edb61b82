import CThreads
import Synchronization

/// A fixed pool of threads that kernels split their work over.
///
/// Every kernel's units are independent, so results do not depend on the number of threads.
package final class Workers: @unchecked Sendable {
  // Unchecked: the pool pointer is immutable, and `run` is only called by the one executor that owns the workers.
  private let pool: OpaquePointer?
  package let count: Int

  /// A pool of `threads` (clamped to 1...256); falls back to one thread when the system refuses to start more.
  package init(threads: Int) {
    let wanted = max(1, min(256, threads))
    pool = wanted > 1 ? ct_pool_create(wanted) : nil
    count = pool == nil ? 1 : wanted
  }

  /// Processors this process may run on.
  package static var processors: Int { ct_processors() }

  deinit {
    if let pool { ct_pool_destroy(pool) }
  }

  /// Calls `body(thread, range)` on every thread with its share of `units`; returns when all are done.
  package func run(units: Int, _ body: (_ thread: Int, _ units: Range<Int>) -> Void) {
    guard let pool, units > 1 else {
      if units > 0 { body(0, 0..<units) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var task = Task(body: body)
      withUnsafeMutablePointer(to: &task) { context in
        ct_pool_run(
          pool, units,
          { context, thread, begin, end in
            guard begin < end else { return }
            context?.assumingMemoryBound(to: Task.self).pointee.body(thread, begin..<end)
          }, context)
      }
    }
  }

  private struct Task {
    let body: (Int, Range<Int>) -> Void
  }
}

extension Workers {
  /// Splits `elements` into ranges large enough to be worth a thread each.
  package func run(elements: Int, grain: Int = 8192, _ body: (Range<Int>) -> Void) {
    let units = (elements + grain - 1) / grain
    run(units: units) { _, range in
      body(range.lowerBound * grain..<min(elements, range.upperBound * grain))
    }
  }

  /// Calls `body` once with each number below `count`, for work whose pieces take different times: a thread that is
  /// done takes the next one.
  package func forEach(below count: Int, _ body: (Int) -> Void) {
    let next = SharedCounter()
    run(units: self.count) { _, lanes in
      for _ in lanes {
        while let index = next.take(below: count) { body(index) }
      }
    }
  }

  /// What `body` gives for each number below `count`, in their order.
  package func map<Result>(below count: Int, _ body: (Int) -> Result) -> [Result] {
    [Result](unsafeUninitializedCapacity: count) { results, filled in
      // Every element is written by the one thread that took it.
      nonisolated(unsafe) let slots = results
      forEach(below: count) { slots.initializeElement(at: $0, to: body($0)) }
      filled = count
    }
  }
}

/// Hands out numbers from 0 to threads that ask for their next piece of work.
package final class SharedCounter: Sendable {
  private let next = Atomic<Int>(0)

  package init() {}

  /// The next number, or nil when all below `limit` are taken.
  package func take(below limit: Int) -> Int? {
    let value = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return value < limit ? value : nil
  }
}
