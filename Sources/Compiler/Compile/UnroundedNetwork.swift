import IR
import Quantization
import Tensors

/// An int8 network of which all is chosen but how its weights are rounded.
struct UnroundedNetwork {
  let quantizer: Quantizer
  /// The estimator that ranges are by.
  let ranges: RangeEstimator
  let quantizations: [ValueID: Quantization]
  let threads: Int
  /// The network with weights rounded to nearest.
  let nearest: QuantizedModel

  init(_ quantizer: Quantizer, by ranges: RangeEstimator, threads: Int) throws(Refusal) {
    self.quantizer = quantizer
    self.ranges = ranges
    quantizations = quantizer.quantizations(by: ranges, threads: threads)
    self.threads = threads
    nearest = try quantizer.run(quantizations)
  }

  /// The network whose layers are each rounded by itself, later weights of a row making up for earlier ones.
  ///
  /// - Parameter moments: of what layers multiply in the network rounded to nearest, by the float graph's nodes
  func compensated(by moments: [NodeID: InputMoments]) throws(Refusal) -> QuantizedModel {
    var rounding: [NodeID: WeightRounding] = [:]
    for (layer, compensation) in ErrorCompensation.all(moments, threads: threads) {
      rounding[layer] = WeightRounding(compensation: compensation, inputMeans: moments[layer]?.means)
    }
    return try rounded(rounding)
  }

  /// - Parameter rounding: by the float graph's nodes; layers without one are rounded to nearest
  func rounded(_ rounding: [NodeID: WeightRounding]) throws(Refusal) -> QuantizedModel {
    try quantizer.run(quantizations, rounding: rounding, threads: threads)
  }
}
