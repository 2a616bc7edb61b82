import CKernels

/// Aligned memory owned by a kernel: packed weights, tables.
package final class AlignedMemory: @unchecked Sendable {
  // Unchecked: written while a kernel is prepared, only read afterwards.
  package let base: UnsafeMutableRawPointer
  package let count: Int

  package init(count: Int) {
    self.count = count
    base = .allocate(byteCount: max(count, 1) + Int(CK_PAD), alignment: Int(CK_ALIGN))
    base.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1) + Int(CK_PAD))
  }

  deinit { base.deallocate() }
}

/// The heap all objects share.
package enum Heap {
  /// Gives memory that was freed back to the system: after work that needed much for a short time.
  package static func trim() { ck_trim_heap() }
}
