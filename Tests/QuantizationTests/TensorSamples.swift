import Runtime
import Tensors

/// Samples that are tensors at hand: one for each input. Those that are nil cannot be used.
struct TensorSamples: SampleSource {
  let samples: [[Tensor]?]

  var count: Int { samples.count }

  func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool {
    guard let tensors = samples[index] else { return false }
    for (view, tensor) in zip(inputs, tensors) {
      tensor.withBytes { LayoutConversion.write($0, layout: .rowMajor, into: view) }
    }
    return true
  }
}
