package import CKernels
package import Threads

/// The geometry of a 2-D convolution of one image; also a matrix product, as a 1x1 convolution of an image of `in_h`
/// rows.
package typealias ConvolutionShape = ck_conv_shape

/// Who computes float32 convolutions and matrix products.
///
/// The runtime half brings `KernelMath`; a program may bring a BLAS instead.
package protocol FloatMath: Sendable {
  var name: String { get }

  /// Prepares a convolution: weights [out_c][in_c / groups][kernel_h][kernel_w], bias [out_c] or nil; NHWC in and out.
  func convolution(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, activation: UnaryFunction
  ) -> PreparedConvolution
}

/// A convolution whose weights are packed for this machine.
package struct PreparedConvolution: Sendable {
  /// Bytes of scratch for each thread.
  package let scratch: Int
  package let packedBytes: Int
  package let implementation: String
  /// Computes one image: input, output, workers, scratch and its stride from one thread to the next.
  package let run:
    @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Workers, UnsafeMutableRawPointer, Int) -> Void

  /// The same for some rows of the output; nil where the library computes whole images only.
  package let rows: Rows?

  /// Computes output rows of one image on the calling thread, `input` being the first input row they need.
  package struct Rows: Sendable {
    package let scratch: @Sendable (_ rows: Int) -> Int
    package let run:
      @Sendable (Range<Int>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutableRawPointer) -> Void
  }

  package init(
    scratch: Int, packedBytes: Int, implementation: String, rows: Rows? = nil,
    run:
      @escaping @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Workers, UnsafeMutableRawPointer, Int) ->
      Void
  ) {
    self.scratch = scratch
    self.packedBytes = packedBytes
    self.implementation = implementation
    self.rows = rows
    self.run = run
  }
}

extension ck_conv_shape {
  /// A matrix product of `rows` x `inner` by `inner` x `columns`.
  package init(rows: Int, inner: Int, columns: Int) {
    self.init(
      in_h: Int32(rows), in_w: 1, in_c: Int32(inner), out_h: Int32(rows), out_w: 1, out_c: Int32(columns), kernel_h: 1,
      kernel_w: 1, stride_h: 1, stride_w: 1, dilation_h: 1, dilation_w: 1, pad_top: 0, pad_left: 0, groups: 1)
  }

  package var inputCount: Int { Int(in_h) * Int(in_w) * Int(in_c) }
  package var outputCount: Int { Int(out_h) * Int(out_w) * Int(out_c) }
  package var isPointwise: Bool {
    kernel_h == 1 && kernel_w == 1 && stride_h == 1 && stride_w == 1 && pad_top == 0 && pad_left == 0 && groups == 1
  }
}
