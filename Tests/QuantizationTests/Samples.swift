import Quantization

/// Deterministic numbers for tests.
func samples(_ count: Int, scale: Float, seed: UInt64) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (Float(state >> 40) / Float(1 << 24) - 0.3) * scale
  }
}

func histogram(_ parts: [[Float]]) -> Histogram {
  var result = Histogram()
  let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: Histogram.bins)
  defer { scratch.deallocate() }
  for part in parts { part.withUnsafeBufferPointer { result.add($0, scratch: scratch) } }
  return result
}

func scaled(_ parts: [[Float]]) -> ScaledHistograms {
  var result = ScaledHistograms()
  let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: Histogram.bins)
  defer { scratch.deallocate() }
  for part in parts { part.withUnsafeBufferPointer { result.add($0, scratch: scratch) } }
  return result
}
