package import IR
import Math
package import Tensors
import Threads

/// The matrix product of the last two dimensions, float32; those before them broadcast, as in NumPy.
///
/// A constant 2-D second operand is packed like the weights of a fully connected layer. Otherwise each output is a sum
/// of products in order, in float32.
package struct MatMul: Operator, ParameterCarrying {
  package static let name = "MatMul"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    try a.expect(.float32, "a")
    try b.expect(.float32, "b")
    return [TensorType(.float32, try Geometry(a.shape, b.shape).output)]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let a = inputs.optional(0), let y = outputs.first else { return Work() }
    return Work(macs: y.count * (a.shape.last ?? 0))
  }

  /// How the operands' shapes fit together.
  private struct Geometry {
    let rows: Int
    let inner: Int
    let columns: Int
    /// The dimensions before the matrices, broadcast, and both operands' element strides along them.
    let batch: [Int]
    let leftStrides: [Int]
    let rightStrides: [Int]
    let output: [Int]

    init(_ a: [Int], _ b: [Int]) throws(Refusal) {
      guard let last = a.last, let first = b.first else {
        throw Refusal("a has shape \(a), b \(b): scalars have no matrix product")
      }
      // A vector is a row on the left and a column on the right; that dimension goes again from the output.
      let left = a.count == 1 ? [1, last] : a
      let right = b.count == 1 ? [first, 1] : b
      rows = left[left.count - 2]
      inner = last
      columns = right[right.count - 1]
      guard right[right.count - 2] == inner else {
        throw Refusal("a has shape \(a), b \(b): \(inner) columns do not meet \(right[right.count - 2]) rows")
      }
      let leftBatch = Array(left.dropLast(2))
      let rightBatch = Array(right.dropLast(2))
      batch = try Broadcasting.shape(leftBatch, rightBatch)
      let leftSize = rows * inner
      let rightSize = inner * columns
      leftStrides = Broadcasting.strides(of: leftBatch, layout: .rowMajor, along: batch).map { $0 * leftSize }
      rightStrides = Broadcasting.strides(of: rightBatch, layout: .rowMajor, along: batch).map { $0 * rightSize }
      output = try checkedShape(batch + (a.count == 1 ? [] : [rows]) + (b.count == 1 ? [] : [columns]))
    }
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let a = try site.inputs.required(0, "a")
    let b = try site.inputs.required(1, "b")
    let geometry = try Geometry(a.shape, b.shape)
    guard site.outputs[0].count > 0 else { return try site.emptyKernel() }
    if b.type.rank <= 2 && geometry.inner > 0, let weights = b.constant?.floats() {
      return MatrixProduct.kernel(
        rows: a.type.count / geometry.inner,
        weights: MatrixProduct.transposed(weights, rows: geometry.inner, columns: geometry.columns),
        columns: geometry.columns, bias: nil, activation: .identity, math: site.math)
    }
    return generalKernel(geometry)
  }

  private func generalKernel(_ geometry: Geometry) -> Kernel {
    let rows = geometry.rows
    let inner = geometry.inner
    let columns = geometry.columns
    let batch = geometry.batch
    let leftStrides = geometry.leftStrides
    let rightStrides = geometry.rightStrides
    let units = batch.reduce(rows, *)
    return Kernel(implementation: "matmul_rows") { call in
      let left: UnsafePointer<Float> = call.input(0).pointer()
      let right: UnsafePointer<Float> = call.input(1).pointer()
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: units) { _, range in
        for unit in range {
          var a = left + unit % rows * inner
          var b = right
          var rest = unit / rows
          for axis in batch.indices.reversed() {
            let index = rest % batch[axis]
            rest /= batch[axis]
            a += index * leftStrides[axis]
            b += index * rightStrides[axis]
          }
          let y = output + unit * columns
          y.update(repeating: 0, count: columns)
          for k in 0..<inner {
            let factor = a[k]
            let row = b + k * columns
            for column in 0..<columns { y[column] += factor * row[column] }
          }
        }
      }
    }
  }
}
