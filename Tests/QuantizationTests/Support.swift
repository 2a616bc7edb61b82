import Runtime
import Tensors

/// The same numbers on every machine, evenly spread over -1...1 (SplitMix64).
struct SeededFloats {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Float {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Float((z ^ (z >> 31)) >> 40) / Float(1 << 23) - 1
  }

  mutating func tensor(_ shape: [Int], scale: Float) -> Tensor {
    Tensor((0..<shape.reduce(1, *)).map { _ in next() * scale }, shape: shape)
  }
}

/// Samples of noise, each the same whenever it is asked for.
struct NoiseSource: SampleSource {
  let shape: [Int]
  let count: Int
  var scale: Float = 1

  func write(_ index: Int, into view: TensorView) -> Bool {
    var random = SeededFloats(seed: UInt64(index) + 1000)
    let tensor = random.tensor(shape, scale: scale)
    LayoutConversion.write(tensor.bytes, layout: .rowMajor, into: view)
    return withExtendedLifetime(tensor) { true }
  }
}
