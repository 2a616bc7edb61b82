/// Aligned memory that is written once and only read from then on: packed weights, tables. Threads share it.
package final class PackedMemory: Sendable {
  /// The memory for whoever holds its owner as long as the pointer, as the closures of kernels do.
  nonisolated(unsafe) package let unmanagedBase: UnsafeRawPointer
  package let count: Int

  /// Memory of zeroes that `fill` writes.
  package init(count: Int, fill: (UnsafeMutableRawPointer) -> Void) {
    let memory = Heap.allocateZeroed(count)
    fill(memory)
    self.count = count
    unmanagedBase = UnsafeRawPointer(memory)
  }

  deinit { Heap.deallocate(UnsafeMutableRawPointer(mutating: unmanagedBase)) }

  /// Lends the memory.
  @inlinable package func withPointer<Element: BitwiseCopyable, Result>(
    to _: Element.Type, _ body: (UnsafePointer<Element>) -> Result
  ) -> Result {
    defer { withExtendedLifetime(self) {} }
    return body(unmanagedBase.assumingMemoryBound(to: Element.self))
  }
}
