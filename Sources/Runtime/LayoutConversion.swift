import CKernels
package import IR
import Math
package import Tensors

/// Moves a 4-D tensor between row-major (NCHW) and channels-last (NHWC).
package enum LayoutConversion {
  package static func kernel(_ type: TensorType, to layout: Layout) -> Kernel {
    Kernel(implementation: "transpose") { call in
      convert(type, from: call.input(0).base, to: call.output.base, layout: layout)
    }
  }

  /// Converts all images of a tensor to `layout` from the other one.
  package static func convert(
    _ type: TensorType, from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer, layout: Layout
  ) {
    let channels = type.shape[1]
    let positions = type.shape[2] * type.shape[3]
    let rows = layout == .channelsLast ? channels : positions
    let columns = layout == .channelsLast ? positions : channels
    let size = type.element.size
    for image in 0..<type.shape[0] {
      let offset = image * channels * positions * size
      switch size {
      case 1:
        Kernels.float.transpose8?(
          rows, columns, (source + offset).assumingMemoryBound(to: UInt8.self),
          (target + offset).assumingMemoryBound(to: UInt8.self))
      case 4:
        Kernels.float.transpose32?(
          rows, columns, (source + offset).assumingMemoryBound(to: UInt32.self),
          (target + offset).assumingMemoryBound(to: UInt32.self))
      default:
        for row in 0..<rows {
          for column in 0..<columns {
            (target + offset + (column * rows + row) * size).copyMemory(
              from: source + offset + (row * columns + column) * size, byteCount: size)
          }
        }
      }
    }
  }
}
