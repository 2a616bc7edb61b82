package import IR
package import Math
package import Tensors

/// Weights, per-channel scales and bias of an int8 convolution or matrix product, checked against each other.
package struct Int8Weights: Sendable {
  package let weights: Tensor
  package let scales: [Float]
  package let bias: Tensor?

  /// Reads inputs 1 (weights), 2 (scales) and 3 (bias, optional).
  package init(_ inputs: [Operand?]) throws(Refusal) {
    guard let weights = try inputs.required(1, "weights").constant,
      let scales = try inputs.required(2, "weight scales").constant?.floats()
    else { throw Refusal("weights that are computed at run time are not supported") }
    self.weights = weights
    self.scales = scales
    guard scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw Refusal("a weight scale is not a positive number")
    }
    bias = inputs.optional(3)?.constant
    if inputs.optional(3) != nil, bias == nil {
      throw Refusal("a bias that is computed at run time is not supported")
    }
  }

  /// Checks element types and shapes without touching the values.
  package static func checkTypes(_ inputs: [Operand?], channels: Int) throws(Refusal) {
    try inputs.expect(atMost: 4)
    try inputs.required(1, "weights").expect(.int8, "weights")
    let scales = try inputs.required(2, "weight scales")
    try scales.expect(.float32, "weight scales")
    try scales.expect(shape: [channels], "weight scales")
    if let bias = inputs.optional(3) {
      try bias.expect(.int32, "bias")
      try bias.expect(shape: [channels], "bias")
    }
  }

  /// m[c] = s_x * s_w[c] / s_y in double precision, rounded once; s_x * s_w[c] where there is no output scale.
  package func multipliers(input: Quantization, outputScale: Float?) -> [Float] {
    scales.map { scale in
      let product = Double(input.scale) * Double(scale)
      return Float(outputScale.map { product / Double($0) } ?? product)
    }
  }

  /// Whether an output has several weights of -128.
  private var isWide: Bool {
    // Most have none, which is quickly seen.
    guard !weights.buffer.isFree(of: 0x80), weights.element == .int8, let outputs = weights.shape.first else {
      return false
    }
    let values = weights.elements(as: Int8.self)
    let length = outputs == 0 ? 0 : values.count / outputs
    return (0..<outputs).contains { output in
      values[output * length..<(output + 1) * length].reduce(0) { $0 + ($1 == .min ? 1 : 0) } > 1
    }
  }

  /// Packs everything for this machine.
  package func prepare(_ shape: ConvolutionShape, input: Quantization, outputScale: Float?) -> Int8Convolution {
    let multipliers = multipliers(input: input, outputScale: outputScale)
    let biasValues: [Int32] = bias?.elements() ?? []
    let isWide = isWide
    // Packed weights are what runs; those of a mapped bundle need not stay in memory beside them.
    defer { weights.buffer.releasePages() }
    return weights.withPointer(to: Int8.self) { weights in
      biasValues.withUnsafeBufferPointer { bias in
        multipliers.withUnsafeBufferPointer { multipliers in
          guard let multiplier = multipliers.baseAddress else { preconditionFailure("a convolution has no channels") }
          return Int8Convolution(
            shape, weights: weights, bias: bias.isEmpty ? nil : bias.baseAddress, multiplier: multiplier,
            inputZeroPoint: input.zeroPoint, isWide: isWide)
        }
      }
    }
  }

  /// Whether no accumulator can leave int32 whatever the input: the largest |sum (q_x - z_x) * q_w + b| over channels.
  package static func largestAccumulator(weights: [Int8], bias: [Int32], channels: Int, inputZeroPoint: Int) -> Int {
    let perChannel = channels == 0 ? 0 : weights.count / channels
    let low = -128 - inputZeroPoint
    let high = 127 - inputZeroPoint
    var largest = 0
    weights.withUnsafeBufferPointer { weights in
      for channel in 0..<channels {
        let bias = channel < bias.count ? Int(bias[channel]) : 0
        // The largest input meets positive weights and the smallest negative ones, or the other way round.
        let (positive, negative) = signedSums(weights, channel * perChannel..<(channel + 1) * perChannel)
        largest = max(largest, bias + positive * high + negative * low, -(bias + positive * low + negative * high))
      }
    }
    return largest
  }

  /// The sum of the positive and that of the negative weights in a range.
  private static func signedSums(
    _ weights: UnsafeBufferPointer<Int8>, _ range: Range<Int>
  ) -> (positive: Int, negative: Int) {
    var positive = 0
    var sum = 0
    var start = range.lowerBound
    while start < range.upperBound {
      // No block can leave int32.
      let end = min(range.upperBound, start + (1 << 20))
      var blockPositive: Int32 = 0
      var blockSum: Int32 = 0
      for index in start..<end {
        blockPositive &+= Int32(max(0, weights[index]))
        blockSum &+= Int32(weights[index])
      }
      positive += Int(blockPositive)
      sum += Int(blockSum)
      start = end
    }
    return (positive, sum - positive)
  }
}
