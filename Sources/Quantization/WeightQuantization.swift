/// Weights and bias of one layer in int8, per output channel and symmetric.
package struct WeightQuantization: Sendable {
  package let weights: [Int8]
  package let scales: [Float]
  package let bias: [Int32]
  /// Channels whose scale was raised so that their bias fits int32.
  package let raisedScales: Int

  /// Quantizes `channels` rows of weights.
  ///
  /// s_w[c] is given, or max |w[c]| / 127; it is raised to 4 * |b_c| / ((2^32 - 2) * s_x) where the bias would
  /// otherwise not fit int32 (near-dead channels): twice what the bias alone needs, so that half the range is left for
  /// the products. The bias is stored at scale s_x * s_w[c].
  ///
  /// - Parameters:
  ///   - weights: [channels][...]
  ///   - bias: [channels] or empty
  ///   - rounding: the scales, and how weights become multiples of them
  ///   - inputMeans: the mean of the layer's input that each weight of a row is multiplied with (as long as a row), or
  ///     empty. When given, the bias takes up the mean error that rounding the weights makes: b_c += sum (w - s q) *
  ///     mean (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", 2019).
  package init(
    _ weights: [Float], bias: [Float], channels: Int, inputScale: Float, rounding: WeightRounding = .nearest,
    threads: Int = 1, inputMeans: (Int) -> [Double]
  ) {
    let length = channels == 0 ? 0 : weights.count / channels
    var scales = [Float](repeating: 1, count: channels)
    var raised = 0
    for channel in 0..<channels {
      let first = channel * length
      let largest = weights.withUnsafeBufferPointer { largestMagnitude($0[first..<first + length]) }
      let realBias = bias.isEmpty ? 0 : Double(bias[channel])
      let guardScale = 4 * abs(realBias) / (4_294_967_294 * Double(inputScale))
      var scale = rounding.scales.map { Double($0[channel]) } ?? Double(largest) / 127
      if scale < guardScale {
        scale = guardScale
        raised += 1
      }
      // A channel without weights and bias may have any scale.
      scales[channel] = scale >= Double(Float.leastNormalMagnitude) ? Float(scale) : 1
    }
    let adapted = rounding.adaptedWeights ?? weights
    let quantized =
      rounding.levels ?? rounding.compensation?.round(adapted, scales: scales, threads: threads)
      ?? WeightQuantization.nearestLevels(adapted, scales: scales)
    let corrected = (0..<channels).map { channel in
      let first = channel * length
      var error = 0.0
      for (offset, mean) in inputMeans(channel).enumerated() {
        let rounded = Double(quantized[first + offset]) * Double(scales[channel])
        error += (Double(weights[first + offset]) - rounded) * mean
      }
      return (bias.isEmpty ? 0 : Double(bias[channel])) + error + (rounding.biasShifts?[channel] ?? 0)
    }
    var integers: [Int32] = bias.isEmpty ? [] : [Int32](repeating: 0, count: channels)
    if bias.isEmpty, corrected.contains(where: { $0 != 0 }) { integers = [Int32](repeating: 0, count: channels) }
    let steps = scales.map { Double(inputScale) * Double($0) }
    let unit = rounding.biasSteps.map { BiasGrid.unit(steps: zip($0, steps).map { $0 / $1 }) } ?? 1
    for channel in integers.indices {
      integers[channel] = BiasGrid.rounded(corrected[channel] / steps[channel], to: unit)
    }
    self.weights = quantized
    self.scales = scales
    self.bias = integers
    raisedScales = raised
  }

  private static func nearestLevels(_ weights: [Float], scales: [Float]) -> [Int8] {
    let length = scales.isEmpty ? 0 : weights.count / scales.count
    return weights.withUnsafeBufferPointer { weights in
      [Int8](unsafeUninitializedCapacity: weights.count) { levels, filled in
        for (channel, scale) in scales.enumerated() {
          for index in channel * length..<(channel + 1) * length {
            levels[index] = .nearestLevel(weights[index], scale: scale)
          }
        }
        filled = scales.count * length
      }
    }
  }
}

/// How the weights of a layer become multiples of a scale.
package struct WeightRounding: Sendable {
  package enum Method: String, Sendable, CaseIterable {
    /// Each weight to its nearest level.
    case nearest
    /// Later weights of a row make up for the rounding of earlier ones.
    case compensated
  }

  /// One for each channel; nil for the largest magnitude / 127.
  package var scales: [Float]?
  /// Nil for the nearest level of each weight.
  package var compensation: ErrorCompensation?
  /// The mean input each weight meets, [groups][length of a row]; nil for those of the channels.
  package var inputMeans: [Double]?
  /// The steps that errors of the biases allow, [channels]; nil for the finest there are.
  package var biasSteps: [Double]?
  /// Weights that are rounded in place of the layer's own; nil for those.
  package var adaptedWeights: [Float]?
  /// The levels, where they are known, which are then not rounded anew.
  package var levels: [Int8]?
  /// What is added to the biases, [channels]; nil for nothing.
  package var biasShifts: [Double]?

  package init(
    scales: [Float]? = nil, compensation: ErrorCompensation? = nil, inputMeans: [Double]? = nil,
    biasShifts: [Double]? = nil
  ) {
    self.scales = scales
    self.compensation = compensation
    self.inputMeans = inputMeans
    self.biasShifts = biasShifts
  }

  /// Each weight to its nearest level.
  package static let nearest = WeightRounding()
}

extension Int8 {
  /// The level from -127 to 127 nearest to a weight, ties to even.
  static func nearestLevel(_ weight: Float, scale: Float) -> Int8 {
    let q = Swift.max(-127, Swift.min(127, weight / scale))
    return Int8(truncatingIfNeeded: (q + roundingOffset).bitPattern)
  }
}

/// 1.5 * 2^23: a sum with it is rounded to a whole number, to nearest even, that its low bits hold in two's complement.
private let roundingOffset: Float = 12_582_912

private func largestMagnitude(_ values: Slice<UnsafeBufferPointer<Float>>) -> Float {
  // Eight maxima that do not wait for each other.
  var largest = SIMD8<Float>(repeating: 0)
  let values = UnsafeBufferPointer(rebasing: values)
  let whole = values.count / 8 * 8
  for start in stride(from: 0, to: whole, by: 8) {
    for lane in 0..<8 { largest[lane] = max(largest[lane], abs(values[start + lane])) }
  }
  return values[whole...].reduce(largest.max()) { max($0, abs($1)) }
}
