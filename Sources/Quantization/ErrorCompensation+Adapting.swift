import Threads

extension ErrorCompensation {
  /// Weights that give, of the inputs as they are in the int8 network, what the given ones give of the float network's.
  ///
  /// With x the float inputs, y those in the int8 network, X = Cov(x - y, y) and H the damped covariance of y, the mean
  /// square of w x - w' y is least for
  ///
  ///     w' = w + w X H^-1
  ///
  /// but for means, which biases take up. H^-1 is applied by the factor that rounding goes by. What was seen of few
  /// rows is shrunk as there. Weights of 0 stay 0.
  ///
  /// - Parameter weights: [channels][length]; the channels of a group follow each other
  func adapted(
    _ weights: [Float], channels: Int, to differences: InputDifferences, of moments: InputMoments, threads: Int
  ) -> [Float] {
    let perGroup = channels / groups
    let batches = (perGroup + Lines.scalarCount - 1) / Lines.scalarCount
    var result = weights
    let perGroupFactors = blocks.reduce(0) { $0 + $1.count * ($1.count - 1) / 2 }
    let workers = Workers(threads: min(threads, max(1, batches)))
    for group in 0..<groups {
      var factor = group * perGroupFactors
      for (index, block) in blocks.enumerated() {
        let covariance = differences.covariance(group: group, block: index, of: moments)
        let solver = Solver(
          covariance: covariance, size: block.count,
          shrinkage: Float(Double(moments.rows) / Double(moments.rows + block.count)),
          ratios: factors[factor..<factor + block.count * (block.count - 1) / 2],
          diagonals: diagonals[group * length + block.lowerBound..<group * length + block.upperBound].map {
            Float($0 / (step * step))
          })
        factor += block.count * (block.count - 1) / 2
        result.withUnsafeMutableBufferPointer { result in
          // Every batch of rows is written by the one thread that took it.
          nonisolated(unsafe) let result = result
          workers.forEach(below: batches) { batch in
            let first = group * perGroup + batch * Lines.scalarCount
            let rows = first..<min((group + 1) * perGroup, first + Lines.scalarCount)
            solver.add(to: result, rows: rows, length: length, from: block.lowerBound, weights)
          }
        }
      }
    }
    return result
  }

  /// An element of each of some rows.
  private typealias Lines = SIMD16<Float>

  /// Solves w' - w = w X H^-1 for some rows at a time.
  private struct Solver {
    /// X, [size][size].
    let covariance: [Float]
    let size: Int
    let shrinkage: Float
    /// R_ij / R_jj for i < j, row by row.
    let ratios: ArraySlice<Float>
    /// R_jj^2
    let diagonals: [Float]

    func add(
      to result: UnsafeMutableBufferPointer<Float>, rows: Range<Int>, length: Int, from first: Int, _ weights: [Float]
    ) {
      // t = w X
      var t = [Lines](repeating: .zero, count: size)
      covariance.withUnsafeBufferPointer { covariance in
        t.withUnsafeMutableBufferPointer { t in
          for k in 0..<size {
            var line = Lines.zero
            for (lane, row) in rows.enumerated() { line[lane] = weights[row * length + first + k] * shrinkage }
            for i in 0..<size { t[i] += line * covariance[k * size + i] }
          }
        }
      }
      ratios.withUnsafeBufferPointer { ratios in
        t.withUnsafeMutableBufferPointer { t in
          // u R' = t, u_j here times R_jj.
          var end = ratios.count
          for i in (0..<size).reversed() {
            let rest = size - i - 1
            let start = end - rest
            var (a, b) = (Lines.zero, Lines.zero)
            var k = 0
            while k + 1 < rest {
              a += t[i + 1 + k] * ratios[start + k]
              b += t[i + 2 + k] * ratios[start + k + 1]
              k += 2
            }
            if k < rest { a += t[i + 1 + k] * ratios[start + k] }
            t[i] -= a + b
            end = start
          }
          // z R = u.
          for j in 0..<size { t[j] /= diagonals[j] }
          var start = 0
          for i in 0..<size {
            let rest = size - i - 1
            let line = t[i]
            for k in 0..<rest { t[i + 1 + k] -= line * ratios[start + k] }
            start += rest
          }
          for (lane, row) in rows.enumerated() {
            for j in 0..<size where t[j][lane].isFinite && weights[row * length + first + j] != 0 {
              result[row * length + first + j] += t[j][lane]
            }
          }
        }
      }
    }
  }
}
