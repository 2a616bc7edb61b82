package import IR
import Threads

/// Rounds rows of weights so that later weights make up for the rounding of earlier ones: GPTQ (Frantar et al., "GPTQ:
/// Accurate Post-Training Quantization for Generative Pre-trained Transformers", arXiv:2210.17323).
///
/// With H the covariance of a row's inputs, an error e of its weights costs e' H e in the variance of the output. Where
/// H = R R', R upper triangular, that is the sum over j of (R_jj e_j + sum over i < j of R_ij e_i)^2, and going through
/// the columns in order each term is made least by
///
///     q_j = round(t_j / s),   t_j = w_j + sum over i < j of (R_ij / R_jj) (w_i - s q_i)
///
/// which are GPTQ's levels: its factor of the inverse of H is the inverse of R. Blocks of columns whose covariances are
/// not known go by themselves.
package struct ErrorCompensation: Sendable {
  let groups: Int
  let length: Int
  let blocks: [Range<Int>]
  /// R_ij / R_jj for i < j, row by row: the blocks of each group.
  let factors: [Float]
  /// R_jj^2 in squares of the inputs' unit: [groups][length].
  let diagonals: [Double]
  /// The inputs' step.
  let step: Double

  /// What is added to variances, in parts of their mean.
  package static let usualDamping = 0.1

  /// Nil where nothing was seen.
  ///
  /// What was seen of few rows is chance: covariances are shrunk by rows / (rows + columns), which leaves a row's
  /// weights alone where there is next to nothing to go by.
  ///
  /// - Parameter damping: what is added to variances, in parts of their mean
  package init?(_ moments: InputMoments, damping: Double = usualDamping) {
    if moments.rows == 0 || moments.length == 0 { return nil }
    groups = moments.groups
    length = moments.length
    blocks = moments.blocks
    var factors: [Float] = []
    var diagonals: [Double] = []
    factors.reserveCapacity(groups * blocks.reduce(0) { $0 + $1.count * ($1.count - 1) / 2 })
    for group in 0..<groups {
      for block in blocks.indices {
        let matrix = ErrorCompensation.covariance(moments, group: group, block: block, damping: damping)
        let factor = TriangularFactor(matrix, size: blocks[block].count)
        factor.appendRatios(to: &factors)
        diagonals += factor.diagonalSquares.map { $0 * moments.step * moments.step }
      }
    }
    self.factors = factors
    self.diagonals = diagonals
    step = moments.step
  }

  /// H, damped and shrunk, in squares of the inputs' steps: [columns][columns] of a block.
  static func covariance(
    _ moments: InputMoments, group: Int, block: Int, damping: Double = usualDamping
  ) -> [Double] {
    var matrix = moments.stepCovariance(group: group, block: block)
    let size = moments.blocks[block].count
    let mean = (0..<size).reduce(0.0) { $0 + matrix[$1 * size + $1] } / Double(size)
    let shrinkage = Double(moments.rows) / Double(moments.rows + size)
    // Dead inputs cost next to nothing, and not nothing.
    let added = damping * mean + 1e-6 * moments.meanSquare(group: group, block: block) + 1e-9
    for i in 0..<size {
      for j in 0..<size {
        matrix[i * size + j] = i == j ? matrix[i * size + j] + added : matrix[i * size + j] * shrinkage
      }
    }
    return matrix
  }

  /// What an error of one in each column still costs in the output's variance once the columns after it have made up
  /// for it: d_j = R_jj^2.
  package func pivots(group: Int) -> [Double] { Array(diagonals[group * length..<(group + 1) * length]) }

  /// The levels of rows at a scale for each, which stay within 127: what is lost there is made up for as well. Weights
  /// of 0 stay 0.
  ///
  /// - Parameter weights: [channels][length]; the channels of a group follow each other
  package func round(_ weights: [Float], scales: [Float], threads: Int = 1) -> [Int8] {
    let channels = scales.count
    precondition(
      weights.count == channels * length && channels % groups == 0,
      "\(weights.count) weights in \(channels) rows are rounded by moments of \(groups) groups of \(length)")
    var levels = [Int8](repeating: 0, count: weights.count)
    let perGroup = channels / groups
    let batches = (perGroup + ErrorCompensation.batch - 1) / ErrorCompensation.batch
    let workers = Workers(threads: min(threads, max(1, groups * batches)))
    let next = SharedCounter()
    levels.withUnsafeMutableBufferPointer { levels in
      // Every batch of rows is written by the one thread that took it.
      nonisolated(unsafe) let levels = levels
      workers.run(units: workers.count) { _, lanes in
        for _ in lanes {
          var targets = [Float](repeating: 0, count: min(perGroup, ErrorCompensation.batch) * length)
          while let unit = next.take(below: groups * batches) {
            let (group, part) = unit.quotientAndRemainder(dividingBy: batches)
            let first = group * perGroup + part * ErrorCompensation.batch
            let rows = first..<min((group + 1) * perGroup, first + ErrorCompensation.batch)
            round(rows, of: group, weights, scales, to: levels, targets: &targets)
          }
        }
      }
    }
    return levels
  }

  /// Rows that go through the columns together, so that factors are read once for all.
  private static let batch = 16

  private func round(
    _ rows: Range<Int>, of group: Int, _ weights: [Float], _ scales: [Float],
    to levels: UnsafeMutableBufferPointer<Int8>, targets: inout [Float]
  ) {
    let perGroup = blocks.reduce(0) { $0 + $1.count * ($1.count - 1) / 2 }
    var factor = group * perGroup
    factors.withUnsafeBufferPointer { factors in
      targets.withUnsafeMutableBufferPointer { targets in
        for block in blocks {
          let size = block.count
          for (index, row) in rows.enumerated() {
            for j in 0..<size { targets[index * size + j] = weights[row * length + block.lowerBound + j] }
          }
          for j in 0..<size {
            let rest = size - j - 1
            let ratios = UnsafeBufferPointer(rebasing: factors[factor..<factor + rest])
            for (index, row) in rows.enumerated() {
              let place = row * length + block.lowerBound + j
              // What was pruned stays so.
              let level = weights[place] == 0 ? 0 : Int8.nearestLevel(targets[index * size + j], scale: scales[row])
              levels[place] = level
              let error = weights[place] - Float(level) * scales[row]
              if error == 0 || !error.isFinite { continue }
              let start = index * size + j + 1
              let later = UnsafeMutableBufferPointer(rebasing: targets[start..<start + rest])
              for k in 0..<rest { later[k] += ratios[k] * error }
            }
            factor += rest
          }
        }
      }
    }
  }
}

extension ErrorCompensation {
  /// Those of several layers; layers of which nothing was seen have none.
  package static func all(_ moments: [NodeID: InputMoments], threads: Int) -> [NodeID: ErrorCompensation] {
    let layers = moments.sorted { $0.key < $1.key }
    let workers = Workers(threads: min(threads, max(1, layers.count)))
    let found = workers.map(below: layers.count) { ErrorCompensation(layers[$0].value) }
    let pairs = zip(layers, found).compactMap { layer, found in found.map { (layer.key, $0) } }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}

/// The upper triangular R with R R' = H, for a symmetric positive definite H, in double precision: Cholesky's
/// factorization with rows and columns taken from the last to the first.
struct TriangularFactor {
  private let size: Int
  /// Row j holds column j of R from its first element to the diagonal.
  private var columns: [Double]

  /// - Parameter matrix: [size][size]
  init(_ matrix: [Double], size: Int) {
    self.size = size
    columns = matrix
    columns.withUnsafeMutableBufferPointer { columns in
      guard let base = columns.baseAddress else { preconditionFailure("a matrix of no columns is factored") }
      var end = size
      while end > 0 {
        let first = max(0, end - TriangularFactor.panel)
        // The last columns among themselves; then what they take from all before them, in one go.
        for j in stride(from: end - 1, through: first, by: -1) {
          TriangularFactor.finish(base, j, size)
          for other in first..<j { TriangularFactor.subtract(base, j, from: other, size) }
        }
        if end - first == TriangularFactor.panel {
          for other in 0..<first { TriangularFactor.subtractPanel(base, first, from: other, size) }
        }
        end = first
      }
    }
  }

  /// Columns that are subtracted from others together.
  private static let panel = 8

  /// Divides column j by the root of its diagonal.
  private static func finish(_ base: UnsafeMutablePointer<Double>, _ j: Int, _ size: Int) {
    let column = base + j * size
    // Rounding may leave a diagonal that damping had made positive at nothing.
    let root = max(column[j], .leastNormalMagnitude).squareRoot()
    let inverse = 1 / root
    for i in 0..<j { column[i] *= inverse }
    column[j] = root
  }

  private static func subtract(_ base: UnsafeMutablePointer<Double>, _ j: Int, from other: Int, _ size: Int) {
    let (column, target) = (base + j * size, base + other * size)
    let weight = column[other]
    for i in 0...other { target[i] -= column[i] * weight }
  }

  private static func subtractPanel(
    _ base: UnsafeMutablePointer<Double>, _ first: Int, from other: Int, _ size: Int
  ) {
    let target = base + other * size
    let a = base + (first + 7) * size
    let (b, c, d) = (a - size, a - 2 * size, a - 3 * size)
    let (e, f, g, h) = (a - 4 * size, a - 5 * size, a - 6 * size, a - 7 * size)
    let (wa, wb, wc, wd) = (a[other], b[other], c[other], d[other])
    let (we, wf, wg, wh) = (e[other], f[other], g[other], h[other])
    for i in 0...other {
      let half = target[i] - a[i] * wa - b[i] * wb - c[i] * wc - d[i] * wd
      target[i] = half - e[i] * we - f[i] * wf - g[i] * wg - h[i] * wh
    }
  }

  /// R_jj^2.
  var diagonalSquares: [Double] { (0..<size).map { columns[$0 * size + $0] * columns[$0 * size + $0] } }

  /// The diagonal of the inverse of H: row sums of squares of the inverse of R'.
  var inverseDiagonal: [Double] {
    var result = [Double](repeating: 0, count: size)
    var column = [Double](repeating: 0, count: size)
    columns.withUnsafeBufferPointer { columns in
      column.withUnsafeMutableBufferPointer { column in
        // R y = e_j: y is column j of the inverse of R.
        for j in 0..<size {
          for i in 0..<j { column[i] = 0 }
          column[j] = 1
          for k in (0...j).reversed() {
            let value = column[k] / columns[k * size + k]
            column[k] = value
            let factor = UnsafeBufferPointer(rebasing: columns[k * size..<k * size + k])
            for i in 0..<k { column[i] -= factor[i] * value }
          }
          result[j] = (0...j).reduce(0) { $0 + column[$1] * column[$1] }
        }
      }
    }
    return result
  }

  /// Appends R_ij / R_jj for i < j, row by row.
  func appendRatios(to ratios: inout [Float]) {
    for i in 0..<size {
      for j in i + 1..<max(i + 1, size) { ratios.append(Float(columns[j * size + i] / columns[j * size + j])) }
    }
  }
}
