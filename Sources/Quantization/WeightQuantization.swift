/// Weights and bias of one layer in int8, per output channel and symmetric.
package struct WeightQuantization: Sendable {
  package let weights: [Int8]
  package let scales: [Float]
  package let bias: [Int32]
  /// Channels whose scale was raised so that their bias fits int32.
  package let raisedScales: Int

  /// Quantizes `channels` rows of weights.
  ///
  /// s_w[c] = max |w[c]| / 127, raised to 4 * |b_c| / ((2^32 - 2) * s_x) where the bias would otherwise not fit int32
  /// (near-dead channels): twice what the bias alone needs, so that half the range is left for the products. The bias
  /// is stored at scale s_x * s_w[c].
  ///
  /// - Parameters:
  ///   - weights: [channels][...]
  ///   - bias: [channels] or empty
  ///   - inputMeans: the mean of the layer's input that each weight of a row is multiplied with (as long as a row), or
  ///     empty. When given, the bias takes up the mean error that rounding the weights makes: b_c += sum (w - s q) *
  ///     mean (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", 2019).
  package init(_ weights: [Float], bias: [Float], channels: Int, inputScale: Float, inputMeans: (Int) -> [Double]) {
    let length = channels == 0 ? 0 : weights.count / channels
    var quantized = [Int8](repeating: 0, count: weights.count)
    var scales = [Float](repeating: 1, count: channels)
    var integers: [Int32] = bias.isEmpty ? [] : [Int32](repeating: 0, count: channels)
    var raised = 0
    var corrected = [Double](repeating: 0, count: channels)
    for channel in 0..<channels {
      let first = channel * length
      let largest = weights.withUnsafeBufferPointer { largestMagnitude($0[first..<first + length]) }
      let realBias = bias.isEmpty ? 0 : Double(bias[channel])
      let guardScale = 4 * abs(realBias) / (4_294_967_294 * Double(inputScale))
      var scale = Double(largest) / 127
      if scale < guardScale {
        scale = guardScale
        raised += 1
      }
      // A channel without weights and bias may have any scale.
      let stored = scale >= Double(Float.leastNormalMagnitude) ? Float(scale) : 1
      scales[channel] = stored
      weights.withUnsafeBufferPointer { weights in
        quantized.withUnsafeMutableBufferPointer { quantized in
          for index in first..<first + length {
            let q = max(-127, min(127, weights[index] / stored))
            quantized[index] = Int8(truncatingIfNeeded: (q + roundingOffset).bitPattern)
          }
        }
      }
      let means = inputMeans(channel)
      var error = 0.0
      for (offset, mean) in means.enumerated() {
        error += (Double(weights[first + offset]) - Double(quantized[first + offset]) * Double(stored)) * mean
      }
      corrected[channel] = realBias + error
    }
    if bias.isEmpty, corrected.contains(where: { $0 != 0 }) { integers = [Int32](repeating: 0, count: channels) }
    for channel in integers.indices {
      let q = (corrected[channel] / (Double(inputScale) * Double(scales[channel]))).rounded(.toNearestOrEven)
      integers[channel] = Int32(max(-2_147_483_647, min(2_147_483_647, q)))
    }
    self.weights = quantized
    self.scales = scales
    self.bias = integers
    raisedScales = raised
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
