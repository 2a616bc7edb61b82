import CKernels
import HeapMemory
package import Math
package import Tensors
import Threads

/// Float32 on OpenBLAS: 1x1 convolutions are one sgemm, others gather their windows first (im2col), in blocks of rows.
///
/// Depthwise and grouped convolutions, which a BLAS has no form for, run on dermc's kernels. Threads are dermc's:
/// OpenBLAS runs each call on the thread that made it. Its results may differ in the last bits between processors;
/// `KernelMath`'s do not.
package struct OpenBLASMath: FloatMath {
  private static let rowsPerBlock = 256

  private let kernels = KernelMath()
  private let library: OpenBLASLibrary

  /// Loads the library when it is first asked for.
  package init() throws(Refusal) {
    library = try OpenBLASLibrary.loaded.get()
  }

  package var name: String { "openblas" }

  package func convolution(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, activation: UnaryFunction
  ) -> PreparedConvolution {
    guard shape.groups == 1 else {
      return kernels.convolution(shape, weights: weights, bias: bias, activation: activation)
    }
    let taps = Int(shape.kernel_h) * Int(shape.kernel_w)
    let channels = Int(shape.in_c)
    let inner = taps * channels
    let columns = Int(shape.out_c)
    let rows = Int(shape.out_h) * Int(shape.out_w)
    let packed = PackedMemory(count: (inner + 1) * columns * 4) { memory in
      let matrix = memory.assumingMemoryBound(to: Float.self)
      // [out][in][tap] becomes [tap][in][out]: rows of the right-hand matrix in the order windows are gathered.
      for column in 0..<columns {
        for channel in 0..<channels {
          for tap in 0..<taps {
            matrix[(tap * channels + channel) * columns + column] = weights[(column * channels + channel) * taps + tap]
          }
        }
      }
      let offsets = matrix + inner * columns
      for column in 0..<columns { offsets[column] = bias?[column] ?? 0 }
    }
    let isDirect = shape.isPointwise
    let library = library
    let block = OpenBLASMath.rowsPerBlock
    let units = (rows + block - 1) / block
    return PreparedConvolution(
      scratch: isDirect ? 0 : block * inner * 4, packedBytes: packed.count,
      implementation: isDirect ? "sgemm" : "im2col+sgemm"
    ) { input, output, workers, scratch, stride in
      let unary = Kernels.float.unary
      packed.withPointer(to: Float.self) { matrix in
        let bias = matrix + inner * columns
        workers.run(units: units) { thread, range in
          for unit in range {
            let first = unit * block
            let count = min(block, rows - first)
            let target = output + first * columns
            for row in 0..<count { (target + row * columns).update(from: bias, count: columns) }
            var source = input + first * channels
            if !isDirect {
              let gathered = (scratch + thread * stride).assumingMemoryBound(to: Float.self)
              OpenBLASMath.gather(shape, input, rows: first..<first + count, into: gathered)
              source = UnsafePointer(gathered)
            }
            library.multiplyAdd(rows: count, inner: inner, columns: columns, source, matrix, into: target)
            if activation != .identity { unary(activation.kernelActivation, count * columns, target, target) }
          }
        }
      }
    }
  }

  /// Copies the windows of output positions `rows` into consecutive rows; positions in the padding are zero.
  private static func gather(
    _ shape: ConvolutionShape, _ input: UnsafePointer<Float>, rows: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    let channels = Int(shape.in_c)
    var next = target
    for row in rows {
      let top = row / Int(shape.out_w) * Int(shape.stride_h) - Int(shape.pad_top)
      let left = row % Int(shape.out_w) * Int(shape.stride_w) - Int(shape.pad_left)
      for ky in 0..<Int(shape.kernel_h) {
        let y = top + ky * Int(shape.dilation_h)
        for kx in 0..<Int(shape.kernel_w) {
          let x = left + kx * Int(shape.dilation_w)
          if y >= 0, y < Int(shape.in_h), x >= 0, x < Int(shape.in_w) {
            next.update(from: input + (y * Int(shape.in_w) + x) * channels, count: channels)
          } else {
            next.update(repeating: 0, count: channels)
          }
          next += channels
        }
      }
    }
  }
}
