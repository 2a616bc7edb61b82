package import CKernels

/// Products y = a * b of int8 matrices neither of which is known beforehand, by the kernels of int8 convolutions: b is
/// packed as the weights of a 1x1 convolution whose pixels are the rows of a.
///
/// acc[i, j] = sum over k of (a[i, k] - z_a) * max(b[k, j], -127): kernels take no weight of -128. The output stage is
/// theirs.
package struct Int8Product: Sendable {
  /// Ranges of rows that can be computed by themselves.
  package let parts: Int
  /// Bytes of scratch memory each thread needs.
  package let scratch: Int
  package let implementation: String
  private let shape: ConvolutionShape
  private let inner: Int
  private let columns: Int
  // Where scratch memory holds what; packed weights come first.
  private let runningOffset: Int
  private let multiplierOffset: Int
  private let turnedOffset: Int
  // One of a constant table.
  nonisolated(unsafe) private let kernel: OpaquePointer

  package init(
    rows: Int, inner: Int, columns: Int, parts: Int, features: ck_features = InstructionSet.current
  ) {
    var shape = ConvolutionShape(rows: rows, inner: inner, columns: columns)
    kernel = ck_conv_s8_choose(&shape, features)
    implementation = String(cString: ck_conv_s8_name(kernel))
    self.shape = shape
    self.inner = inner
    self.columns = columns
    self.parts = parts
    runningOffset = ck_conv_s8_packed_size(kernel, &shape)
    // Parts have one of two sizes.
    var running = 0
    for size in [rows / parts, (rows + parts - 1) / parts] {
      let part = shape.band(0..<size)
      running = max(running, withUnsafePointer(to: part) { [kernel] in ck_conv_s8_scratch(kernel, $0) })
    }
    multiplierOffset = runningOffset + aligned(running)
    turnedOffset = multiplierOffset + aligned(columns * MemoryLayout<Float>.size)
    scratch = turnedOffset + aligned(columns * inner + Int(CK_PAD))
  }

  /// Packs b, [inner][columns], into scratch memory of which nothing else may write until the next.
  package func pack(
    _ b: UnsafePointer<Int8>, multiplier: Float, inputZeroPoint: Int, scratch: UnsafeMutableRawPointer
  ) {
    let turned = (scratch + turnedOffset).assumingMemoryBound(to: UInt8.self)
    let weights = UnsafeMutableRawPointer(turned).assumingMemoryBound(to: Int8.self)
    Kernels.float.transpose8(inner, columns, UnsafeRawPointer(b).assumingMemoryBound(to: UInt8.self), turned)
    for index in 0..<inner * columns { weights[index] = max(weights[index], -127) }
    let multipliers = (scratch + multiplierOffset).assumingMemoryBound(to: Float.self)
    multipliers.update(repeating: multiplier, count: columns)
    withUnsafePointer(to: shape) { shape in
      ck_conv_s8_pack(kernel, shape, weights, nil, multipliers, Int32(inputZeroPoint), scratch)
    }
  }

  /// Computes one range of rows of y from a and the packed b.
  package func run(
    part: Int, _ a: UnsafePointer<Int8>, to y: UnsafeMutablePointer<Int8>, requantize: ck_requantize,
    scratch: UnsafeMutableRawPointer
  ) {
    let (first, band) = rows(ofPart: part)
    withUnsafePointer(to: band) { band in
      withUnsafePointer(to: requantize) { requantize in
        ck_conv_s8_run(
          kernel, band, scratch, requantize, a + first * inner, y + first * columns, 0, ck_conv_s8_units(kernel, band),
          scratch + runningOffset)
      }
    }
  }

  /// The same in float32: the accumulators times the multiplier.
  package func run(
    part: Int, _ a: UnsafePointer<Int8>, toFloat y: UnsafeMutablePointer<Float>, inputZeroPoint: Int,
    scratch: UnsafeMutableRawPointer
  ) {
    let (first, band) = rows(ofPart: part)
    withUnsafePointer(to: band) { band in
      ck_conv_s8_run_f32(
        kernel, band, scratch, Int32(inputZeroPoint), a + first * inner, y + first * columns, 0,
        ck_conv_s8_units(kernel, band), scratch + runningOffset)
    }
  }

  private func rows(ofPart part: Int) -> (first: Int, band: ConvolutionShape) {
    let rows = Int(shape.out_h)
    let range = part * rows / parts..<(part + 1) * rows / parts
    return (range.lowerBound, shape.band(range))
  }
}

/// Sizes of parts of scratch memory, so that each part begins where kernels want it.
func aligned(_ bytes: Int) -> Int { (bytes + Int(CK_ALIGN) - 1) / Int(CK_ALIGN) * Int(CK_ALIGN) }
