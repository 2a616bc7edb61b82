package import IR
package import Math
import Tensors

/// Products of matrices with constant weights, as 1x1 convolutions of an image of as many rows.
package enum MatrixProduct {
  /// The kernel of y = activation(x * w' + b) for the first input: x [rows, K], w [columns, K].
  package static func kernel(
    rows: Int, weights: [Float], columns: Int, bias: [Float]?, activation: UnaryFunction, math: any FloatMath
  ) -> Kernel {
    let shape = ConvolutionShape(rows: rows, inner: weights.count / columns, columns: columns)
    let prepared = weights.withUnsafeBufferPointer { weights in
      guard let weights = weights.baseAddress else { preconditionFailure("a matrix product has no weights") }
      return withOptionalPointer(bias) { bias in
        math.convolution(shape, weights: weights, bias: bias, activation: activation)
      }
    }
    return Kernel(
      scratch: prepared.scratch, packedBytes: prepared.packedBytes, implementation: prepared.implementation,
      hasPackedConstants: true
    ) { call in
      prepared.run(
        call.input(0).pointer(Float.self), call.output.pointer(Float.self), call.workers, call.scratch,
        call.scratchStride)
    }
  }

  private static func withOptionalPointer<Result>(
    _ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Result
  ) -> Result {
    guard let values else { return body(nil) }
    return values.withUnsafeBufferPointer { body($0.baseAddress) }
  }

  /// A row-major rows x columns matrix as columns x rows.
  package static func transposed(_ matrix: [Float], rows: Int, columns: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: matrix.count) { target, filled in
      for row in 0..<rows {
        for column in 0..<columns { target[column * rows + row] = matrix[row * columns + column] }
      }
      filled = matrix.count
    }
  }
}
