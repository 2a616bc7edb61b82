/// Aligned memory that is written again and again: activations, scratch. It belongs to who made it and is no other
/// thread's, but for the time a kernel splits its work.
package final class Arena {
  /// The memory for whoever holds its owner as long as the pointer, as an executor does.
  package let unmanagedBase: UnsafeMutableRawPointer
  package let count: Int

  /// Memory of zeroes.
  package init(count: Int) {
    self.count = count
    unmanagedBase = Heap.allocateZeroed(count)
  }

  deinit { Heap.deallocate(unmanagedBase) }

  /// Lends the memory.
  package func withMemory<Result, Failure: Error>(
    _ body: (UnsafeMutableRawPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(unmanagedBase)
  }
}
