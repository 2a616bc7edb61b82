package import CKernels

/// Products y = a * b of float32 matrices neither of which is known beforehand, by the kernels of float convolutions:
/// b is packed as the weights of a 1x1 convolution whose pixels are the rows of a.
///
/// y[i, j] is one chain of fused multiply-adds over k in order, from 0: the same bits on every instruction set.
package struct FloatProduct: Sendable {
  /// Bytes of scratch memory each thread needs.
  package let scratch: Int
  package let implementation: String
  private let parts: ProductParts
  private let inner: Int
  private let columns: Int
  // Where scratch memory holds what; the packed matrix comes first.
  private let runningOffset: Int
  private let turnedOffset: Int
  // One of a constant table.
  nonisolated(unsafe) private let kernel: OpaquePointer

  /// - Parameter parts: how many ranges of rows can be computed by themselves
  package init(
    rows: Int, inner: Int, columns: Int, parts: Int, features: ck_features = InstructionSet.current
  ) {
    let parts = ProductParts(rows: rows, inner: inner, columns: columns, parts: parts)
    var shape = parts.shape
    let kernel = ck_conv_f32_choose(&shape, features)
    self.kernel = kernel
    implementation = String(cString: ck_conv_f32_name(kernel))
    self.parts = parts
    self.inner = inner
    self.columns = columns
    runningOffset = ck_conv_f32_packed_size(kernel, &shape)
    turnedOffset = runningOffset + aligned(parts.scratch { ck_conv_f32_scratch(kernel, $0) })
    scratch = turnedOffset + aligned(columns * inner * MemoryLayout<Float>.size)
  }

  /// Packs b, [inner][columns], into scratch memory of which nothing else may write until the next.
  package func pack(_ b: UnsafePointer<Float>, scratch: UnsafeMutableRawPointer) {
    let turned = (scratch + turnedOffset).assumingMemoryBound(to: UInt32.self)
    Kernels.float.transpose32(inner, columns, UnsafeRawPointer(b).assumingMemoryBound(to: UInt32.self), turned)
    withUnsafePointer(to: parts.shape) { shape in
      ck_conv_f32_pack(kernel, shape, UnsafeRawPointer(turned).assumingMemoryBound(to: Float.self), nil, scratch)
    }
  }

  /// Computes one range of rows of y from a and the packed b.
  ///
  /// - Returns: the range's numbers in y
  package func run(
    part: Int, _ a: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) -> UnsafeMutableBufferPointer<Float> {
    let part = parts[part]
    var activation = UnaryFunction.identity.kernelActivation
    withUnsafePointer(to: part.band) { band in
      ck_conv_f32_run(
        kernel, band, scratch, &activation, a + part.input, y + part.output, 0, ck_conv_f32_units(kernel, band),
        scratch + runningOffset)
    }
    return UnsafeMutableBufferPointer(start: y + part.output, count: part.outputCount)
  }
}
