import CThreads
import Testing

/// Counts how often each unit ran; every thread writes only its own units.
private func cover(_ pool: OpaquePointer, units: Int) -> [UInt32] {
  var counts = [UInt32](repeating: 0, count: max(units, 1))
  counts.withUnsafeMutableBufferPointer { buffer in
    ct_pool_run(
      pool, units,
      { context, _, begin, end in
        guard let counts = context?.assumingMemoryBound(to: UInt32.self) else { return }
        for unit in begin..<end { counts[unit] += UInt32(unit) + 1 }
      }, buffer.baseAddress)
  }
  return counts
}

@Suite struct PoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyUnitRunsOnce(_ threads: Int) throws {
    let pool = try #require(ct_pool_create(threads))
    defer { ct_pool_destroy(pool) }
    #expect(ct_pool_threads(pool) == threads)
    for units in [0, 1, 2, 3, 7, 8, 9, 100, 1000] {
      let expected = units == 0 ? [0] : (1...units).map { UInt32($0) }
      #expect(cover(pool, units: units) == expected)
    }
  }

  /// Runs in quick succession, and runs after workers went to sleep.
  @Test func repeatedRuns() throws {
    let pool = try #require(ct_pool_create(3))
    defer { ct_pool_destroy(pool) }
    let expected = (1...5).map { UInt32($0) }
    for _ in 0..<3000 { #expect(cover(pool, units: 5) == expected) }
  }

  @Test func sleepingWorkersWake() async throws {
    let pool = try #require(ct_pool_create(2))
    defer { ct_pool_destroy(pool) }
    for _ in 0..<20 {
      try await Task.sleep(for: .milliseconds(1))
      #expect(cover(pool, units: 4) == [1, 2, 3, 4])
    }
  }

  @Test func threadsAreNumbered() throws {
    let pool = try #require(ct_pool_create(4))
    defer { ct_pool_destroy(pool) }
    var threads = [Int](repeating: -1, count: 8)
    threads.withUnsafeMutableBufferPointer { buffer in
      ct_pool_run(
        pool, 8,
        { context, thread, begin, end in
          guard let threads = context?.assumingMemoryBound(to: Int.self) else { return }
          for unit in begin..<end { threads[unit] = thread }
        }, buffer.baseAddress)
    }
    #expect(threads == [0, 0, 1, 1, 2, 2, 3, 3])
  }

  @Test func impossibleSizesAreRefused() {
    #expect(ct_pool_create(0) == nil)
    #expect(ct_pool_create(257) == nil)
    #expect(ct_pool_create(Int.max) == nil)
    ct_pool_destroy(nil)
  }

  @Test func unusedPoolsEnd() {
    for threads in 1...5 {
      let pool = ct_pool_create(threads)
      #expect(pool != nil)
      ct_pool_destroy(pool)
    }
  }
}
