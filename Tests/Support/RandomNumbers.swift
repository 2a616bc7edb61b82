package import Tensors

/// The same numbers on every machine (SplitMix64).
package struct RandomNumbers: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  package mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int((next() >> 33) % UInt64(range.count))
  }

  /// True once in `count` times.
  package mutating func oneIn(_ count: Int) -> Bool { int(1...count) == 1 }

  package mutating func pick<Element>(_ list: [Element]) -> Element { list[int(0...list.count - 1)] }

  package mutating func float(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * Float(next() >> 40) / Float(1 << 24)
  }

  package mutating func tensor(_ shape: [Int], _ range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor((0..<shape.reduce(1, *)).map { _ in float(range) }, shape: shape)
  }

  package mutating func shuffled(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in order.indices.dropFirst() { order.swapAt(index, int(0...index)) }
    return order
  }
}
