package import CKernels

/// Products y = a * b of float32 matrices neither of which is known beforehand, by the kernels of float convolutions:
/// b is packed as the weights of a 1x1 convolution whose pixels are the rows of a.
///
/// y[i, j] is one chain of fused multiply-adds over k in order, from 0: the same bits on every instruction set.
package struct FloatProduct: Sendable {
  /// Ranges of rows that can be computed by themselves.
  package let parts: Int
  /// Bytes of scratch memory each thread needs.
  package let scratch: Int
  package let implementation: String
  private let shape: ConvolutionShape
  private let inner: Int
  private let columns: Int
  // Where scratch memory holds what; the packed matrix comes first.
  private let runningOffset: Int
  private let turnedOffset: Int
  // One of a constant table.
  nonisolated(unsafe) private let kernel: OpaquePointer

  package init(
    rows: Int, inner: Int, columns: Int, parts: Int, features: ck_features = InstructionSet.current
  ) {
    var shape = ConvolutionShape(rows: rows, inner: inner, columns: columns)
    kernel = ck_conv_f32_choose(&shape, features)
    implementation = String(cString: ck_conv_f32_name(kernel))
    self.shape = shape
    self.inner = inner
    self.columns = columns
    self.parts = parts
    runningOffset = ck_conv_f32_packed_size(kernel, &shape)
    // Parts have one of two sizes.
    var running = 0
    for size in [rows / parts, (rows + parts - 1) / parts] {
      let part = shape.band(0..<size)
      running = max(running, withUnsafePointer(to: part) { [kernel] in ck_conv_f32_scratch(kernel, $0) })
    }
    turnedOffset = runningOffset + aligned(running)
    scratch = turnedOffset + aligned(columns * inner * MemoryLayout<Float>.size)
  }

  /// Packs b, [inner][columns], into scratch memory of which nothing else may write until the next.
  package func pack(_ b: UnsafePointer<Float>, scratch: UnsafeMutableRawPointer) {
    let turned = (scratch + turnedOffset).assumingMemoryBound(to: UInt32.self)
    Kernels.float.transpose32(inner, columns, UnsafeRawPointer(b).assumingMemoryBound(to: UInt32.self), turned)
    withUnsafePointer(to: shape) { shape in
      ck_conv_f32_pack(kernel, shape, UnsafeRawPointer(turned).assumingMemoryBound(to: Float.self), nil, scratch)
    }
  }

  /// Computes one range of rows of y from a and the packed b.
  ///
  /// - Returns: the range's numbers in y
  package func run(
    part: Int, _ a: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) -> UnsafeMutableBufferPointer<Float> {
    let rows = Int(shape.out_h)
    let range = part * rows / parts..<(part + 1) * rows / parts
    let result = UnsafeMutableBufferPointer(start: y + range.lowerBound * columns, count: range.count * columns)
    var activation = UnaryFunction.identity.kernelActivation
    withUnsafePointer(to: shape.band(range)) { band in
      ck_conv_f32_run(
        kernel, band, scratch, &activation, a + range.lowerBound * inner, y + range.lowerBound * columns, 0,
        ck_conv_f32_units(kernel, band), scratch + runningOffset)
    }
    return result
  }
}
