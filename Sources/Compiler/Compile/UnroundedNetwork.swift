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

  /// - Parameter rounding: by the float graph's nodes; layers without one are rounded to nearest
  func rounded(_ rounding: [NodeID: WeightRounding]) throws(Refusal) -> QuantizedModel {
    try quantizer.run(quantizations, rounding: rounding, threads: threads)
  }
}
