package import CKernels

/// Products y = a * b of int8 matrices neither of which is known beforehand, by the kernels of int8 convolutions: b is
/// packed as the weights of a 1x1 convolution whose pixels are the rows of a.
///
/// acc[i, j] = sum over k of (a[i, k] - z_a) * max(b[k, j], -127): kernels take no weight of -128. The output stage is
/// theirs.
package struct Int8Product: Sendable {
  /// Bytes of scratch memory each thread needs.
  package let scratch: Int
  package let implementation: String
  private let parts: ProductParts
  private let inner: Int
  private let columns: Int
  // Where scratch memory holds what; packed weights come first.
  private let runningOffset: Int
  private let multiplierOffset: Int
  private let turnedOffset: Int
  // One of a constant table.
  nonisolated(unsafe) private let kernel: OpaquePointer

  /// - Parameter parts: how many ranges of rows can be computed by themselves
  package init(
    rows: Int, inner: Int, columns: Int, parts: Int, features: ck_features = InstructionSet.current
  ) {
    let parts = ProductParts(rows: rows, inner: inner, columns: columns, parts: parts)
    var shape = parts.shape
    let kernel = ck_conv_s8_choose(&shape, features)
    self.kernel = kernel
    implementation = String(cString: ck_conv_s8_name(kernel))
    self.parts = parts
    self.inner = inner
    self.columns = columns
    runningOffset = ck_conv_s8_packed_size(kernel, &shape)
    multiplierOffset = runningOffset + aligned(parts.scratch { ck_conv_s8_scratch(kernel, $0) })
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
    withUnsafePointer(to: parts.shape) { shape in
      ck_conv_s8_pack(kernel, shape, weights, nil, multipliers, Int32(inputZeroPoint), scratch)
    }
  }

  /// Computes one range of rows of y from a and the packed b.
  package func run(
    part: Int, _ a: UnsafePointer<Int8>, to y: UnsafeMutablePointer<Int8>, requantize: ck_requantize,
    scratch: UnsafeMutableRawPointer
  ) {
    let part = parts[part]
    withUnsafePointer(to: part.band) { band in
      withUnsafePointer(to: requantize) { requantize in
        ck_conv_s8_run(
          kernel, band, scratch, requantize, a + part.input, y + part.output, 0, ck_conv_s8_units(kernel, band),
          scratch + runningOffset)
      }
    }
  }

  /// The same in float32: the accumulators times the multiplier.
  package func run(
    part: Int, _ a: UnsafePointer<Int8>, toFloat y: UnsafeMutablePointer<Float>, inputZeroPoint: Int,
    scratch: UnsafeMutableRawPointer
  ) {
    let part = parts[part]
    withUnsafePointer(to: part.band) { band in
      ck_conv_s8_run_f32(
        kernel, band, scratch, Int32(inputZeroPoint), a + part.input, y + part.output, 0,
        ck_conv_s8_units(kernel, band), scratch + runningOffset)
    }
  }
}
