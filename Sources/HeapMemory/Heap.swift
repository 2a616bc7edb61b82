import CHeap
import CKernels

/// The heap all objects share.
package enum Heap {
  /// Aligned memory of zeroes, readable as far past its end as kernels read; `deallocate` takes it back.
  static func allocateZeroed(_ count: Int) -> UnsafeMutableRawPointer {
    guard let memory = ch_allocate_zeroed(max(count, 1) + Int(CK_PAD), Int(CK_ALIGN)) else {
      preconditionFailure("ch_allocate_zeroed ends the process where there is no memory")
    }
    return memory
  }

  static func deallocate(_ memory: UnsafeMutableRawPointer) { ch_deallocate(memory) }

  /// Gives memory that was freed back to the system: after work that needed much for a short time.
  package static func trim() { ch_trim() }
}
