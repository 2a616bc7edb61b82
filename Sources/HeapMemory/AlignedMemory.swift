import CHeap
import CKernels

/// Aligned, zeroed memory: packed weights, tables, activations.
package final class AlignedMemory: @unchecked Sendable {
  // Unchecked: written while a kernel is prepared, only read afterwards.
  package let base: UnsafeMutableRawPointer
  package let count: Int

  package init(count: Int) {
    self.count = count
    // Never NULL: it aborts instead.
    base = ch_allocate_zeroed(max(count, 1) + Int(CK_PAD), Int(CK_ALIGN)).unsafelyUnwrapped
  }

  deinit { ch_deallocate(base) }
}

/// The heap all objects share.
package enum Heap {
  /// Gives memory that was freed back to the system: after work that needed much for a short time.
  package static func trim() { ch_trim() }
}
