import CKernels
package import IR
package import Tensors
import Threads

/// Applies a function of whole rows along one dimension, gathering rows that do not lie together.
package enum AxisRows {
  /// The kernel for a float32 input and output of one shape and layout.
  ///
  /// - Parameters:
  ///   - axis: the dimension the rows lie along
  ///   - scratch: bytes the function needs of its own for each thread, a multiple of 64
  ///   - function: rows, elements in a row, source, target, its scratch
  package static func kernel(
    for site: Site, axis: Int, implementation: String, scratch: Int = 0,
    function:
      @escaping @Sendable (
        Int, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutableRawPointer
      ) -> Void
  ) throws(Refusal) -> Kernel {
    let split = AxisSplit(site.outputs[0].shape, axis: axis, layout: site.layout(ofInput: 0))
    let extent = split.extent
    let rows = split.outer * split.inner
    guard extent > 0, rows > 0 else { return try site.emptyKernel() }
    if split.inner == 1 {
      return Kernel(scratch: scratch, implementation: implementation) { call in
        let x: UnsafePointer<Float> = call.input(0).pointer()
        let y: UnsafeMutablePointer<Float> = call.output.pointer()
        call.workers.run(units: rows) { thread, range in
          let start = range.lowerBound * extent
          function(range.count, extent, x + start, y + start, call.scratch(thread: thread))
        }
      }
    }
    // One row at a time is gathered into scratch behind the function's own and scattered again.
    let rowBytes = extent * MemoryLayout<Float>.size
    return Kernel(scratch: scratch + 2 * rowBytes, implementation: "\(implementation)_strided") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: rows) { thread, range in
        let own = call.scratch(thread: thread)
        let source = (own + scratch).assumingMemoryBound(to: Float.self)
        let target = source + extent
        for row in range {
          let start = row / split.inner * extent * split.inner + row % split.inner
          for index in 0..<extent { source[index] = x[start + index * split.inner] }
          function(1, extent, source, target, own)
          for index in 0..<extent { y[start + index * split.inner] = target[index] }
        }
      }
    }
  }
}
