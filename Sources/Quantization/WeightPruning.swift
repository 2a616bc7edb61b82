package import IR
import Math
package import Operators
import Threads

/// Sets weights to zero that the answer hardly depends on, and lets those of their rows that stay make up for them.
///
/// With H the covariance of a row's inputs and h what a squared error of its output costs (`OutputSensitivity`), a
/// weight w_j that goes costs about
///
///     h w_j^2 / (2 [H^-1]_jj)
///
/// once the others of its row have made up for it (optimal brain surgeon: B. Hassibi, D. G. Stork, *Second order
/// derivatives for network pruning*, 1992; for rows of layers: E. Frantar, D. Alistarh, arXiv:2208.11580). One
/// threshold on that holds for all layers. Weights go in stages, since what one costs depends on those that went before
/// it: after each stage those left are fitted to what all gave (`RowFit`). Biases take up the means.
package struct WeightPruning: Sendable {
  /// A layer whose weights may go.
  package struct Layer: Sendable {
    package let node: NodeID
    let weights: LayerWeights
    /// h of each row.
    let costs: [Double]
    let moments: InputMoments

    /// - Parameters:
    ///   - weights: of a layer of the float graph whose inputs `moments` has seen
    ///   - sensitivity: of each of its outputs
    package init(node: NodeID, _ weights: LayerWeights, _ sensitivity: OutputSensitivity, _ moments: InputMoments) {
      precondition(
        weights.shape[0] == sensitivity.noise.count && moments.groups == weights.groups
          && moments.groups * moments.length * (weights.shape[0] / weights.groups) == weights.values.count,
        "weights of \(weights.shape) are pruned by moments of \(moments.groups) groups of \(moments.length)")
      self.node = node
      self.weights = weights
      self.moments = moments
      let floor = sensitivity.noiseFloor
      costs = sensitivity.noise.map { max($0, floor) }
    }
  }

  /// What became of the layers.
  package struct Outcome: Sendable {
    package let layers: [NodeID: LayerWeights]
    /// The cost up to which weights went, of all layers or, where each lost the same fraction, the largest.
    package let threshold: Double
  }

  private let layers: [Layer]
  private let fraction: Double
  private let isPerLayer: Bool

  /// The most of its weights that a layer loses to others: what it seems not to need on the samples at hand it may need
  /// on others.
  private static let mostOfALayer = 0.95

  /// - Parameters:
  ///   - fraction: of all weights, from 0 to below 1
  ///   - isPerLayer: whether each layer loses the same fraction
  package init(_ layers: [Layer], fraction: Double, isPerLayer: Bool) {
    self.layers = layers
    self.fraction = fraction
    self.isPerLayer = isPerLayer
  }

  /// The result does not depend on the number of threads.
  package func run(threads: Int, progress: (@Sendable (Int) -> Void)? = nil) -> Outcome {
    let workers = Workers(threads: min(threads, max(1, layers.count)))
    let fits = workers.map(below: layers.count) { LayerFit(layers[$0]) }
    var weights = layers.map(\.weights.values)
    var threshold: Float = 0
    // The same share of what is left goes in each of four stages.
    let kept = (1 - fraction).squareRoot().squareRoot()
    for left in [kept, kept * kept, kept * kept * kept, 1 - fraction] {
      threshold = drop(1 - left, &weights, fits)
      let rest = weights
      weights = workers.map(below: layers.count) { index in
        progress?(index)
        return fits[index].fit(rest[index])
      }
    }
    let pruned = zip(layers, weights).map { layer, weights in (layer.node, layer.pruned(weights)) }
    return Outcome(layers: Dictionary(uniqueKeysWithValues: pruned), threshold: Double(threshold))
  }

  /// How often `progress` is called.
  package var progressCount: Int { 4 * layers.count }

  /// Sets the given fraction of all weights to zero; those that are gone already are the first of them.
  ///
  /// - Returns: the largest cost of one that went
  private func drop(_ fraction: Double, _ weights: inout [[Float]], _ fits: [LayerFit]) -> Float {
    let scores = layers.indices.map { self.scores(layers[$0], weights[$0], fits[$0]) }
    func wanted(_ indices: [Int]) -> Int {
      Int((fraction * Double(indices.reduce(0) { $0 + scores[$1].count })).rounded())
    }
    func drop(_ count: Int, of indices: [Int]) -> Float {
      guard count > 0 else { return 0 }
      var smallest = SmallestMagnitudes(count, of: indices.map { scores[$0] })
      for index in indices {
        for place in weights[index].indices where smallest.take(scores[index][place]) { weights[index][place] = 0 }
      }
      return smallest.largest
    }
    if isPerLayer { return layers.indices.map { drop(wanted([$0]), of: [$0]) }.max() ?? 0 }
    var together = Array(layers.indices)
    var left = wanted(together)
    // Those that would lose too much lose what they may, and the others the rest.
    while left > 0 {
      let largest = SmallestMagnitudes(left, of: together.map { scores[$0] }).largest
      func most(_ index: Int) -> Int {
        Int((max(WeightPruning.mostOfALayer, fraction) * Double(scores[index].count)).rounded(.down))
      }
      guard let index = together.first(where: { index in scores[index].count { $0 <= largest } > most(index) }) else {
        break
      }
      _ = drop(most(index), of: [index])
      left -= most(index)
      together.removeAll { $0 == index }
    }
    return drop(min(left, together.reduce(0) { $0 + scores[$1].count }), of: together)
  }

  private func scores(_ layer: Layer, _ weights: [Float], _ fit: LayerFit) -> [Float] {
    let length = layer.moments.length
    var scores = [Float](repeating: 0, count: weights.count)
    for row in layer.costs.indices {
      for column in 0..<length {
        let weight = Double(weights[row * length + column])
        scores[row * length + column] = Float(weight * weight * fit.cost(row: row, column: column))
      }
    }
    return scores
  }
}

extension WeightPruning.Layer {
  /// The layer with other weights: biases take up the means of what these lack.
  func pruned(_ numbers: [Float]) -> LayerWeights {
    let means = moments.means
    let length = moments.length
    let perGroup = costs.count / moments.groups
    let bias = costs.indices.map { row in
      let group = row / perGroup * length
      let lack = (0..<length).reduce(0.0) { sum, column in
        let index = row * length + column
        return sum + (Double(weights.values[index]) - Double(numbers[index])) * means[group + column]
      }
      return Float((weights.bias.isEmpty ? 0 : Double(weights.bias[row])) + lack)
    }
    return LayerWeights(shape: weights.shape, values: numbers, bias: bias, groups: weights.groups)
  }
}
