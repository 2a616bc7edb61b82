import Math
package import Tensors

/// Score-CAM (Wang et al. 2020): the channels of the last activation, weighted by the softmax over channels of the
/// class's score for the image seen through each.
///
/// Seen through a channel is: multiplied by it, when that is brought to the image's size and to 0 to 1. The network
/// runs once for each channel.
package enum ScoreCAM {
  /// - Parameters:
  ///   - activation: the network's activation for the image, [C, H, W]
  ///   - score: of the class, for an image
  package static func map(
    _ image: InputImage, _ network: ClassActivation, activation: [Float],
    score: (InputImage) throws(Refusal) -> Float
  ) throws(Refusal) -> ActivationMap {
    let shape = network.activation
    let places = shape.height * shape.width
    var scores: [Double] = []
    for channel in 0..<shape.channels {
      let values = activation[channel * places..<(channel + 1) * places]
      let least = values.reduce(.infinity, min)
      let range = values.reduce(-.infinity, max) - least
      // Brought to its size first: that is what is brought to 0 to 1.
      let plane = ActivationMap(height: shape.height, width: shape.width, values: values.map { $0 - least })
        .resized(height: image.height, width: image.width)
      let mask = range > 0 ? plane.rangeNormalized : plane
      scores.append(Double(try score(image.multiplied(mask))))
    }
    let highest = scores.reduce(-.infinity, max)
    let weights = scores.map { exponential($0 - highest) }
    let sum = weights.reduce(0, +)
    return try network.map(activation, weights.map { Float($0 / sum) })
  }

  private static func exponential(_ x: Double) -> Double { UnaryFunction.exp(x) }
}

extension ActivationMap {
  /// From 0 for the least number to 1 for the largest.
  fileprivate var rangeNormalized: ActivationMap {
    let least = values.reduce(.infinity, min)
    return ActivationMap(height: height, width: width, values: values.map { $0 - least }).normalized
  }
}
