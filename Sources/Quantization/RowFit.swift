import HeapMemory
import Math
import Threads

/// Fits rows of weights, some of which are gone, to what the rows gave with all of them.
///
/// With H the covariance of the inputs, w0 a row and w what is left of it, the variance of what the row lacks is
/// (w0 - w) H (w0 - w)'. It is made small over the weights that are there by conjugate gradients, preconditioned by the
/// diagonal (M. R. Hestenes, E. Stiefel, 1952), all rows at once.
struct RowFit {
  /// H, symmetric and positive definite, [size][size].
  private let matrix: [Float]
  private let size: Int

  /// Steps towards the least: what is left after these is far below what damping leaves open.
  static let usualSteps = 10

  init(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "\(matrix.count) covariances are of \(size) inputs")
    self.matrix = matrix.map { Float($0) }
    self.size = size
  }

  /// The rows, better fitted.
  ///
  /// - Parameters:
  ///   - rows: [rows][size]; weights of 0 are gone and stay so
  ///   - originals: what they were
  func fit(_ rows: [Float], to originals: [Float], steps: Int = usualSteps) -> [Float] {
    let count = size == 0 ? 0 : rows.count / size
    if count == 0 { return rows }
    let product = Product(matrix, rows: count, columns: size)
    let inverseDiagonal = (0..<size).map { 1 / matrix[$0 * size + $0] }
    let isThere = rows.map { $0 == 0 ? Float(0) : 1 }
    var fitted = rows
    // The residual (w0 - w) H where weights are, and the direction.
    var residual = product(zip(originals, rows).map { $0 - $1 })
    for index in residual.indices { residual[index] *= isThere[index] }
    var direction = residual
    for index in direction.indices { direction[index] *= inverseDiagonal[index % size] }
    var energies = (0..<count).map { dot(residual, direction, row: $0) }
    for _ in 0..<steps {
      let image = product(direction)
      for row in 0..<count {
        let range = row * size..<(row + 1) * size
        // The direction is 0 where weights are gone.
        let curvature = dot(image, direction, row: row)
        guard curvature > 0, energies[row] > 0 else { continue }
        let length = Float(energies[row] / curvature)
        var energy = 0.0
        for index in range {
          fitted[index] += length * direction[index]
          residual[index] -= length * image[index] * isThere[index]
          let rest = Double(residual[index])
          energy += rest * rest * Double(inverseDiagonal[index - range.lowerBound])
        }
        let share = Float(energy / energies[row])
        for index in range {
          direction[index] = residual[index] * inverseDiagonal[index - range.lowerBound] + share * direction[index]
        }
        energies[row] = energy
      }
    }
    // What is not finite is not better.
    return zip(fitted, rows).map { $0.isFinite ? $0 : $1 }
  }

  private func dot(_ a: [Float], _ b: [Float], row: Int) -> Double {
    var sum = 0.0
    for index in row * size..<(row + 1) * size { sum += Double(a[index]) * Double(b[index]) }
    return sum
  }

  /// Products of rows with a symmetric matrix, on the calling thread.
  private struct Product {
    private let prepared: PreparedConvolution
    private let scratch: Arena
    private let workers = Workers(threads: 1)

    init(_ matrix: [Float], rows: Int, columns: Int) {
      let shape = ConvolutionShape(rows: rows, inner: columns, columns: columns)
      prepared = matrix.withUnsafeBufferPointer { matrix in
        guard let base = matrix.baseAddress else { preconditionFailure("a matrix of no columns is multiplied") }
        return KernelMath().convolution(shape, weights: base, bias: nil, activation: .identity)
      }
      scratch = Arena(count: prepared.scratch)
    }

    func callAsFunction(_ rows: [Float]) -> [Float] {
      [Float](unsafeUninitializedCapacity: rows.count) { result, filled in
        rows.withUnsafeBufferPointer { rows in
          guard let input = rows.baseAddress, let output = result.baseAddress else {
            preconditionFailure("no rows are multiplied")
          }
          scratch.withMemory { prepared.run(input, output, workers, $0, prepared.scratch) }
        }
        filled = rows.count
      }
    }
  }
}
