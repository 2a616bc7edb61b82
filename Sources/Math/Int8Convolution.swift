package import CKernels
package import HeapMemory
package import Threads

/// An int8 convolution (or matrix product) whose weights are packed for this machine.
package struct Int8Convolution: Sendable {
  package let shape: ConvolutionShape
  package let scratch: Int
  package let units: Int
  package let packed: PackedMemory
  package let implementation: String
  // One of a constant table.
  nonisolated(unsafe) private let kernel: OpaquePointer

  /// - Parameters:
  ///   - weights: [out_c][in_c / groups][kernel_h][kernel_w]
  ///   - bias: [out_c] at scale s_x * s_w[c], or nil
  ///   - multiplier: [out_c], s_x * s_w[c] / s_y (or s_x * s_w[c] for float output)
  ///   - isWide: whether an output may have several weights of -128, which not all kernels take
  package init(
    _ shape: ConvolutionShape, weights: UnsafePointer<Int8>, bias: UnsafePointer<Int32>?,
    multiplier: UnsafePointer<Float>, inputZeroPoint: Int, isWide: Bool = false,
    features: ck_features = InstructionSet.current
  ) {
    var shape = shape
    kernel = isWide ? ck_conv_s8_choose_wide(&shape, features) : ck_conv_s8_choose(&shape, features)
    packed = PackedMemory(count: ck_conv_s8_packed_size(kernel, &shape)) { [kernel] packed in
      ck_conv_s8_pack(kernel, &shape, weights, bias, multiplier, Int32(inputZeroPoint), packed)
    }
    units = ck_conv_s8_units(kernel, &shape)
    scratch = ck_conv_s8_scratch(kernel, &shape)
    implementation = String(cString: ck_conv_s8_name(kernel))
    self.shape = shape
  }

  /// Computes one image to int8.
  package func run(
    _ input: UnsafePointer<Int8>, to output: UnsafeMutablePointer<Int8>, requantize: ck_requantize, workers: Workers,
    scratch: UnsafeMutableRawPointer, stride: Int
  ) {
    workers.run(units: units) { thread, range in
      compute(shape, range, input, output, requantize, scratch + thread * stride)
    }
  }

  /// Computes output rows of one image on the calling thread, `input` being the first input row they need.
  package func run(
    rows: Range<Int>, from input: UnsafePointer<Int8>, to output: UnsafeMutablePointer<Int8>,
    requantize: ck_requantize, scratch: UnsafeMutableRawPointer
  ) {
    let band = shape.band(rows)
    let units = withUnsafePointer(to: band) { ck_conv_s8_units(kernel, $0) }
    compute(band, 0..<units, input, output, requantize, scratch)
  }

  /// Units of the whole image or of a band of it, which is a convolution of its own.
  private func compute(
    _ shape: ConvolutionShape, _ units: Range<Int>, _ input: UnsafePointer<Int8>, _ output: UnsafeMutablePointer<Int8>,
    _ requantize: ck_requantize, _ scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: shape) { shape in
      withUnsafePointer(to: requantize) { requantize in
        ck_conv_s8_run(
          kernel, shape, packed.unmanagedBase, requantize, input, output, units.lowerBound, units.upperBound, scratch)
      }
    }
  }

  /// Bytes of scratch for computing so many rows at a time.
  package func scratch(rows: Int) -> Int {
    withUnsafePointer(to: shape.band(0..<rows)) { ck_conv_s8_scratch(kernel, $0) }
  }

  /// Computes one image to float32: the accumulators times their multipliers.
  package func run(
    _ input: UnsafePointer<Int8>, toFloat output: UnsafeMutablePointer<Float>, inputZeroPoint: Int, workers: Workers,
    scratch: UnsafeMutableRawPointer, stride: Int
  ) {
    workers.run(units: units) { thread, range in
      withUnsafePointer(to: shape) { shape in
        ck_conv_s8_run_f32(
          kernel, shape, packed.unmanagedBase, Int32(inputZeroPoint), input, output, range.lowerBound, range.upperBound,
          scratch + thread * stride)
      }
    }
  }
}

extension ck_conv_shape {
  /// The convolution that computes some of the output rows from the input rows they need. Weights are packed alike for
  /// both.
  package func band(_ rows: Range<Int>) -> ck_conv_shape {
    let first = rows.lowerBound * Int(stride_h) - Int(pad_top)
    let last = (rows.upperBound - 1) * Int(stride_h) - Int(pad_top) + Int(dilation_h) * (Int(kernel_h) - 1)
    var band = self
    band.in_h = Int32(min(Int(in_h) - 1, last) - max(0, first) + 1)
    band.out_h = Int32(rows.count)
    band.pad_top = Int32(max(0, -first))
    return band
  }
}

/// Element-wise kernels for the current instruction set.
package enum Kernels {
  // They hold pointers to constants and functions.
  nonisolated(unsafe) package static let float = ck_float_ops_for(InstructionSet.current).pointee
  nonisolated(unsafe) package static let int8 = ck_int8_ops_for(InstructionSet.current).pointee
}
