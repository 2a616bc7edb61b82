import CKernels
package import IR
package import Math
package import Tensors
import Threads

/// What the pooling operators share: the window's checks and the loop over images and rows.
package enum Pooling {
  /// The output shape of pooling x [N, C, H, W].
  package static func outputShape(_ x: Operand, window: Window, ceiling: Bool) throws(Refusal) -> [Int] {
    try x.expect(rank: 4, "x")
    let size = Array(x.shape[2...])
    guard x.type.count > 0 else { throw Refusal("x with shape \(x.shape) is empty") }
    for axis in 0..<2 {
      let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
      // Otherwise a window could lie wholly in the padding and have no value.
      guard max(window.pads[axis], window.pads[axis + 2]) < extent,
        window.kernel[axis] == 1 || window.dilations[axis] <= size[axis]
      else {
        throw Refusal(
          "window \(window.kernel) with dilations \(window.dilations) and pads \(window.pads) has positions wholly "
            + "outside an image of \(size)")
      }
    }
    return try checkedShape(Array(x.shape[..<2]) + window.outputSize(size, ceiling: ceiling))
  }

  /// A kernel that computes rows of outputs of one image after the other from `Element` to `Element`.
  ///
  /// `pool` computes rows of a shape. For bands of rows the shape is that of the band alone, of whose input only the
  /// rows it needs are there.
  ///
  /// - Parameter hasBands: whether it gives the same for a band as for those rows of the image
  package static func kernel<Element: TensorElement>(
    _: Element.Type, images: Int, shape: ConvolutionShape, implementation: String, hasBands: Bool = true,
    pool:
      @escaping @Sendable (
        UnsafePointer<ConvolutionShape>, UnsafePointer<Element>, UnsafeMutablePointer<Element>, Range<Int>
      ) -> Void
  ) -> Kernel {
    let height = Int(shape.out_h)
    let inputCount = shape.inputCount
    let outputCount = shape.outputCount
    let rows =
      images == 1 && hasBands
      ? RowKernel(shape, elementSize: MemoryLayout<Element>.size) { call in
        withUnsafePointer(to: shape.band(call.rows)) {
          pool(
            $0, call.input.assumingMemoryBound(to: Element.self), call.output.assumingMemoryBound(to: Element.self),
            0..<call.rows.count)
        }
      } : nil
    return Kernel(implementation: implementation, rows: rows) { call in
      let input: UnsafePointer<Element> = call.input(0).pointer()
      let output: UnsafeMutablePointer<Element> = call.output.pointer()
      call.workers.run(units: images * height) { _, range in
        var unit = range.lowerBound
        while unit < range.upperBound {
          let image = unit / height
          let first = unit % height
          let last = min(height, first + range.upperBound - unit)
          withUnsafePointer(to: shape) {
            pool($0, input + image * inputCount, output + image * outputCount, first..<last)
          }
          unit += last - first
        }
      }
    }
  }

  /// The kernel of a maximum over windows, float32 or int8.
  package static func maximum(_ type: TensorType, images: Int, shape: ConvolutionShape) -> Kernel {
    if type.element == .int8 {
      return kernel(Int8.self, images: images, shape: shape, implementation: "max_pool_s8") {
        Kernels.int8.max_pool($0, $1, $2, $3.lowerBound, $3.upperBound)
      }
    }
    return kernel(Float.self, images: images, shape: shape, implementation: "max_pool_f32") {
      Kernels.float.max_pool($0, $1, $2, $3.lowerBound, $3.upperBound)
    }
  }
}
