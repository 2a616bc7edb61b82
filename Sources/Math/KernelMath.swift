package import CKernels
import HeapMemory
import Threads

/// Float32 on dermc's own kernels: the same bits on every instruction set and thread count.
package struct KernelMath: FloatMath {
  private let features: ck_features

  package init(features: ck_features = InstructionSet.current) {
    self.features = features
  }

  package var name: String { "kernels" }

  private typealias Units =
    @Sendable (
      UnsafePointer<ConvolutionShape>, Range<Int>, UnsafePointer<Float>, UnsafeMutablePointer<Float>,
      UnsafeMutableRawPointer
    ) -> Void

  package func convolution(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, activation: UnaryFunction
  ) -> PreparedConvolution {
    var shape = shape
    let kernel = ck_conv_f32_choose(&shape, features)
    let packed = PackedMemory(count: ck_conv_f32_packed_size(kernel, &shape)) { packed in
      ck_conv_f32_pack(kernel, &shape, weights, bias, packed)
    }
    let units = ck_conv_f32_units(kernel, &shape)
    // The kernel pointer is one of a constant table.
    nonisolated(unsafe) let chosen = kernel
    let fixed = shape
    let function = activation.kernelActivation
    /// Units of the whole image or of a band of it, which is a convolution of its own.
    let compute: Units = { shape, units, input, output, scratch in
      withUnsafePointer(to: function) { function in
        ck_conv_f32_run(
          chosen, shape, packed.unmanagedBase, function, input, output, units.lowerBound, units.upperBound, scratch)
      }
    }
    @Sendable func bandScratch(rows: Int) -> Int {
      withUnsafePointer(to: fixed.band(0..<rows)) { ck_conv_f32_scratch(chosen, $0) }
    }
    let rows = PreparedConvolution.Rows(scratch: bandScratch(rows:)) { rows, input, output, scratch in
      withUnsafePointer(to: fixed.band(rows)) { band in
        compute(band, 0..<ck_conv_f32_units(chosen, band), input, output, scratch)
      }
    }
    return PreparedConvolution(
      scratch: ck_conv_f32_scratch(kernel, &shape), packedBytes: packed.count,
      implementation: String(cString: ck_conv_f32_name(kernel)), rows: rows
    ) { input, output, workers, scratch, stride in
      workers.run(units: units) { thread, range in
        withUnsafePointer(to: fixed) { shape in
          compute(shape, range, input, output, scratch + thread * stride)
        }
      }
    }
  }
}
