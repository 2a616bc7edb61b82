import Operators
import Tensors

/// Weights and bias of a layer as the integers a model quantized them to.
struct GridWeights {
  let weights: [Int8]
  /// One for each output.
  let scales: [Float]
  /// At scale s_x * s_w; empty where there is none.
  let bias: [Int32]

  /// Why weights are not taken over.
  struct Objection: Error {
    let reason: String
  }

  /// Recovers the integers: each weight divided by its step is within rounding of one.
  ///
  ///     q_w = rne(w / s_w[c])        b_c = rne(b / (s_x * s_w[c]))
  ///
  /// A bias that the model has in int32 at that scale keeps its integers, any other is rounded to it.
  ///
  /// - Parameters:
  ///   - grid: of the weights as the operator has them, whose outputs lie along `axis`
  ///   - biasGrid: of the bias, where it was quantized too
  init(
    _ layer: LayerWeights, on grid: Grid, axis: Int, biasGrid: Grid?, inputScale: Float, inputZeroPoint: Int
  ) throws(Objection) {
    let outputs = layer.shape[0]
    let steps = grid.steps
    guard !steps.isEmpty else { throw Objection(reason: "its weights have scales finer than one for each output") }
    guard steps.count == 1 || grid.axis == axis && steps.count == outputs else {
      throw Objection(reason: "its weights have scales along dimension \(grid.axis), int8 has one for each output")
    }
    guard steps.allSatisfy({ $0.isFinite && $0 >= .leastNormalMagnitude }) else {
      throw Objection(reason: "a scale of its weights is too small")
    }
    let scales = steps.count == 1 ? [Float](repeating: steps[0], count: outputs) : steps
    let length = outputs == 0 ? 0 : layer.values.count / outputs
    var integers = [Int8](repeating: 0, count: layer.values.count)
    for output in 0..<outputs {
      let step = Double(scales[output])
      for index in output * length..<(output + 1) * length {
        let ratio = Double(layer.values[index]) / step
        let q = ratio.rounded(.toNearestOrEven)
        // A weight is a product that was rounded once, or twice where a scaling was folded into it.
        guard (ratio - q).magnitude <= q.magnitude * 0x1p-21 else {
          throw Objection(reason: "its weights were changed after they were quantized")
        }
        guard q >= -128, q <= 127 else {
          throw Objection(
            reason: "its weights are not symmetric: one is \(Int(max(-1e9, min(1e9, q)))) steps, int8 has -128...127")
        }
        integers[index] = Int8(q)
      }
    }
    weights = integers
    self.scales = scales
    bias = try GridWeights.bias(layer.bias, on: biasGrid, scales.map { Double(inputScale) * Double($0) })
    let largest = Int8Weights.largestAccumulator(
      weights: weights, bias: bias, channels: outputs, inputZeroPoint: inputZeroPoint)
    guard largest <= Int(Int32.max) else {
      throw Objection(reason: "its sums could leave int32 (up to \(largest))")
    }
  }

  private static func bias(
    _ bias: [Float], on grid: Grid?, _ scales: [Double]
  ) throws(Objection) -> [Int32] {
    var integers: [Int32] = []
    for (output, scale) in scales.enumerated().prefix(bias.count) {
      if let grid, let multiples = grid.multiples, multiples.count == bias.count, !grid.steps.isEmpty {
        let step = Double(grid.steps[grid.steps.count == bias.count ? output : 0])
        // The scale was rounded to float32.
        if (step / scale - 1).magnitude <= 0x1p-22, multiples[output] != .min {
          integers.append(multiples[output])
          continue
        }
      }
      let q = (Double(bias[output]) / scale).rounded(.toNearestOrEven)
      guard q.magnitude <= 2_147_483_647 else {
        throw Objection(reason: "a bias does not fit int32 at the scale of its products")
      }
      integers.append(Int32(q))
    }
    return integers
  }
}
