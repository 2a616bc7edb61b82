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
