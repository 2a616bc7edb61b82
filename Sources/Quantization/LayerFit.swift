import Operators

/// Fits what is left of a layer's weights to what all of them gave, and tells what each costs that goes.
struct LayerFit: Sendable {
  private let layer: WeightPruning.Layer
  /// 1 / [H^-1]_jj of the columns: [groups][length].
  private let pivots: [Double]

  init(_ layer: WeightPruning.Layer) {
    self.layer = layer
    let moments = layer.moments
    var pivots: [Double] = []
    for group in 0..<moments.groups {
      for block in moments.blocks.indices {
        let matrix = ErrorCompensation.covariance(moments, group: group, block: block)
        let square = moments.step * moments.step
        pivots += TriangularFactor(matrix, size: moments.blocks[block].count).inverseDiagonal.map { square / $0 }
      }
    }
    self.pivots = pivots
  }

  private var rowsOfGroup: Int { layer.costs.count / layer.moments.groups }

  /// What a weight of one costs that goes, once the others of its row have made up for it; squares of weights cost in
  /// proportion.
  func cost(row: Int, column: Int) -> Double {
    layer.costs[row] * pivots[row / rowsOfGroup * layer.moments.length + column]
  }

  /// The weights, those that are not 0 fitted.
  func fit(_ weights: [Float]) -> [Float] {
    let moments = layer.moments
    let length = moments.length
    var result = weights
    for group in 0..<moments.groups {
      let rows = group * rowsOfGroup..<(group + 1) * rowsOfGroup
      for (block, columns) in moments.blocks.enumerated() {
        func part(_ weights: [Float]) -> [Float] {
          rows.flatMap { weights[$0 * length + columns.lowerBound..<$0 * length + columns.upperBound] }
        }
        let matrix = ErrorCompensation.covariance(moments, group: group, block: block)
        let fitted = RowFit(matrix, size: columns.count).fit(part(weights), to: part(layer.weights.values))
        for (index, row) in rows.enumerated() {
          let first = row * length + columns.lowerBound
          result.replaceSubrange(
            first..<first + columns.count, with: fitted[index * columns.count..<(index + 1) * columns.count])
        }
      }
    }
    return result
  }
}
