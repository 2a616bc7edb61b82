package import IR
import Math
package import Operators
import Threads

/// The steps of all weights of a network, by one number.
///
/// Rounding a row of weights at the step D costs the answer about (h_c / 2) (D^2 / 12) sum_j d_j: h_c is what a squared
/// error at the output channel costs (`OutputSensitivity`), d_j what is left of the error of weight j at the layer's
/// output once the weights behind it have made up for it (`ErrorCompensation`). Each weight takes about -log2 D bits
/// more or less. The bits are fewest, at a given cost, where every weight costs the same:
///
///     D_c = sqrt(T / (h_c mean_j d_j))
///
/// (reverse water-filling: T. M. Cover and J. A. Thomas, Elements of Information Theory, 10.3.3). The one number T
/// makes the whole network coarser or finer.
package struct StepAllocation: Sendable {
  /// What the steps of one layer follow from.
  package struct Layer: Sendable {
    /// The layer in the float graph.
    let node: NodeID
    /// [channels][...]
    let weights: [Float]
    /// The largest magnitude in each row.
    let largest: [Float]
    /// h_c mean_j d_j of each row, positive; 0 of rows that may not be coarser than int8 makes them.
    let costs: [Double]
    /// What a squared error of each row's bias costs: it is the same at all positions.
    let biasCosts: [Double]

    /// - Parameters:
    ///   - weights: [channels][...]
    ///   - sensitivity: of each channel
    ///   - pivots: mean_j d_j, a number for each channel
    package init(node: NodeID, weights: [Float], sensitivity: OutputSensitivity, pivots: [Double]) {
      let channels = sensitivity.noise.count
      precondition(pivots.count == channels, "\(pivots.count) pivots for \(channels) channels")
      let length = channels == 0 ? 0 : weights.count / channels
      self.node = node
      self.weights = weights
      largest = (0..<channels).map { channel in
        weights[channel * length..<(channel + 1) * length].reduce(0) { max($0, abs($1)) }
      }
      let floor = sensitivity.noiseFloor
      costs = zip(sensitivity.noise, pivots).map { max($0, floor) * max($1, 0) }
      biasCosts = zip(sensitivity.noise, sensitivity.shift).map { max($0, $1, floor) }
    }

    /// - Parameter weights: of a layer of the float graph whose inputs `compensation` has seen
    package init(
      node: NodeID, _ weights: LayerWeights, _ sensitivity: OutputSensitivity, _ compensation: ErrorCompensation
    ) {
      let channels = weights.shape[0]
      let perGroup = max(1, channels / max(1, weights.groups))
      let means = (0..<weights.groups).map { group in
        let pivots = compensation.pivots(group: group)
        return pivots.reduce(0, +) / Double(max(1, pivots.count))
      }
      self.init(
        node: node, weights: weights.values, sensitivity: sensitivity,
        pivots: (0..<channels).map { means[$0 / perGroup] })
    }

    /// Steps at the number T: never finer than int8 makes them, nor so coarse that more than one level is lost.
    func scales(_ distortion: Double) -> [Float] {
      zip(largest, costs).map { largest, cost in
        guard largest > 0 else { return 1 }
        let finest = StepGrid.coarse.above(largest / 127)
        guard cost > 0 else { return finest }
        let step = (distortion / cost).squareRoot()
        return max(finest, StepGrid.coarse.nearest(Float(min(step, 4 * Double(largest)))))
      }
    }

    /// Steps of biases at the number T: half of what lets an error cost as much as that of a weight, sqrt(T / cost) /
    /// 2.
    func biasSteps(_ distortion: Double) -> [Double] {
      biasCosts.map { $0 > 0 ? (distortion / $0).squareRoot() / 2 : 0 }
    }

    /// The entropy of the levels that plain rounding gives, in bits: of the whole layer, without regard to neighbours.
    func bits(_ scales: [Float]) -> Double {
      var counts = [Int](repeating: 0, count: 256)
      let length = scales.isEmpty ? 0 : weights.count / scales.count
      weights.withUnsafeBufferPointer { weights in
        for (channel, scale) in scales.enumerated() {
          for index in channel * length..<(channel + 1) * length {
            let level = (weights[index] / scale).rounded(.toNearestOrEven)
            counts[128 + Int(max(-127, min(127, level)))] += 1
          }
        }
      }
      let total = Double(weights.count)
      return counts.reduce(0) { bits, count in
        let share = Double(count) / total
        return count == 0 ? bits : bits - Double(count) * PortableFunctions.log(share) / PortableFunctions.log(2)
      }
    }
  }

  package let layers: [Layer]

  package init(_ layers: [Layer]) { self.layers = layers }

  /// The steps of every layer's channels.
  package func scales(_ distortion: Distortion) -> [NodeID: [Float]] {
    Dictionary(uniqueKeysWithValues: layers.map { ($0.node, $0.scales(distortion.value)) })
  }

  /// The steps that errors of every layer's biases allow.
  package func biasSteps(_ distortion: Distortion) -> [NodeID: [Double]] {
    Dictionary(uniqueKeysWithValues: layers.map { ($0.node, $0.biasSteps(distortion.value)) })
  }

  /// Bits the levels take, estimated by rounding plainly; they fall as the number grows.
  package func bits(_ distortion: Distortion, threads: Int) -> Double {
    let workers = Workers(threads: min(threads, max(1, layers.count)))
    let bits = workers.map(below: layers.count) { layers[$0].bits(layers[$0].scales(distortion.value)) }
    return bits.reduce(0, +)
  }

  /// The numbers beyond which no step changes any more: below the first all are as fine as int8 makes them, above the
  /// second all as coarse as they get.
  package var range: ClosedRange<Distortion> {
    var (low, high) = (Double.infinity, 0.0)
    for layer in layers {
      for (largest, cost) in zip(layer.largest, layer.costs) where largest > 0 && cost > 0 {
        low = min(low, cost * Double(largest) * Double(largest) / (127 * 127))
        high = max(high, cost * Double(largest) * Double(largest) * 16)
      }
    }
    guard high > 0 else { return Distortion(code: 0)...Distortion(code: 0) }
    return Distortion(below: low)...Distortion(above: high)
  }
}
