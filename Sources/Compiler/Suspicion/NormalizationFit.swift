import Platform

/// How what reaches a model's first BatchNormalization fits the means and variances stored there, which are those of
/// the images it was trained on as they were preprocessed then.
package struct NormalizationFit: Sendable, Equatable {
  /// The name of the BatchNormalization.
  package let node: String
  /// The mean over its channels of the Kullback-Leibler divergence of a normal distribution with the mean and variance
  /// found from one with those stored, in nats.
  package let divergence: Double
  package let samples: Int

  package init(node: String, divergence: Double, samples: Int) {
    self.node = node
    self.divergence = divergence
    self.samples = samples
  }
}

/// Sums over the elements of each channel of one sample.
package struct ChannelMoments: Sendable {
  let elements: Int
  let sums: [Double]
  let squares: [Double]

  /// - Parameter values: channel after channel, all of one size
  init(_ values: [Float], channels: Int) {
    elements = values.count / max(1, channels)
    var sums = [Double](repeating: 0, count: channels)
    var squares = sums
    for channel in 0..<channels {
      for value in values[channel * elements..<(channel + 1) * elements] {
        sums[channel] += Double(value)
        squares[channel] += Double(value) * Double(value)
      }
    }
    self.sums = sums
    self.squares = squares
  }
}

/// The mean and variance a normalisation has stored for each channel.
struct StoredMoments: Sendable {
  let mean: [Double]
  /// With the normalisation's epsilon, which keeps dead channels from counting.
  let variance: [Double]
  let epsilon: Double

  /// The divergence of samples, each standing `weights[sample]` times; see `NormalizationFit`.
  func divergence(of samples: [ChannelMoments], weights: [Int]) -> Double {
    var count = 0.0
    var sums = [Double](repeating: 0, count: mean.count)
    var squares = sums
    for (sample, weight) in zip(samples, weights) where weight > 0 {
      count += Double(weight * sample.elements)
      for channel in mean.indices {
        sums[channel] += Double(weight) * sample.sums[channel]
        squares[channel] += Double(weight) * sample.squares[channel]
      }
    }
    let total = mean.indices.reduce(0.0) { total, channel in
      let found = sums[channel] / count
      let spread = max(0, squares[channel] / count - found * found) + epsilon
      let shift = (found - mean[channel]) * (found - mean[channel])
      return total + (log(variance[channel] / spread) + (spread + shift) / variance[channel] - 1) / 2
    }
    return total / Double(mean.count)
  }
}
