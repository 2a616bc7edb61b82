import Runtime
import Tensors
import TestSupport

/// Samples of noise, each the same whenever it is asked for.
struct NoiseSource: SampleSource {
  let shape: [Int]
  let count: Int
  var scale: Float = 1

  func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool {
    var random = RandomNumbers(seed: UInt64(index) + 1000)
    for view in inputs {
      let tensor = random.tensor(shape, -scale...scale)
      tensor.withBytes { LayoutConversion.write($0, layout: .rowMajor, into: view) }
    }
    return true
  }
}
