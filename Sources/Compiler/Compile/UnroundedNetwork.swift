import IR
import Quantization
import Tensors

/// An int8 network of which all is chosen but how its weights are rounded.
struct UnroundedNetwork {
  let quantizer: Quantizer
  let quantizations: [ValueID: Quantization]
  let threads: Int
  /// The network with weights rounded to nearest.
  let nearest: QuantizedModel

  init(_ quantizer: Quantizer, _ quantizations: [ValueID: Quantization], threads: Int) throws(Refusal) {
    self.quantizer = quantizer
    self.quantizations = quantizations
    self.threads = threads
    nearest = try quantizer.run(quantizations)
  }

  /// - Parameter rounding: by the float graph's nodes; layers without one are rounded to nearest
  func rounded(_ rounding: [NodeID: WeightRounding]) throws(Refusal) -> QuantizedModel {
    try quantizer.run(quantizations, rounding: rounding, threads: threads)
  }
}
