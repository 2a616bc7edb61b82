/// The weights of an antialiased triangle filter along one side, in Pillow's fixed point.
///
/// Target pixel i looks at the source pixels `starts[i]..<starts[i] + lengths[i]` with the weights at
/// `weights[i * taps...]`, in units of 2^-22. They are at least 0 and add up to 2^22 but for rounding, so that sums of
/// 8-bit pixels stay below 2^31.
struct TriangleFilter {
  /// Target pixels that are computed.
  let count: Int
  /// Whether the target is the source.
  let isIdentity: Bool
  private let taps: Int
  private let starts: [Int]
  private let lengths: [Int]
  private let weights: [Int32]

  private static let precision: Int32 = 22
  private static let half: Int32 = 1 << (precision - 1)

  /// - Parameter part: the target pixels to compute
  init(from source: Int, to target: Int, keeping part: Range<Int>) {
    isIdentity = source == target && part == 0..<target
    let scale = Double(source) / Double(target)
    let support = max(scale, 1)
    let inverse = 1 / support
    count = part.count
    taps = Int(support.rounded(.up)) * 2 + 1
    var starts = [Int](repeating: 0, count: count)
    var lengths = [Int](repeating: 0, count: count)
    var weights = [Int32](repeating: 0, count: count * taps)
    var exact = [Double](repeating: 0, count: taps)
    for position in 0..<count {
      let center = (Double(part.lowerBound + position) + 0.5) * scale
      let start = max(Int(center - support + 0.5), 0)
      let length = min(Int(center + support + 0.5), source) - start
      var sum = 0.0
      for tap in 0..<length {
        let distance = abs((Double(tap + start) - center + 0.5) * inverse)
        exact[tap] = distance < 1 ? 1 - distance : 0
        sum += exact[tap]
      }
      for tap in 0..<length {
        let weight = sum == 0 ? exact[tap] : exact[tap] / sum
        weights[position * taps + tap] = Int32(0.5 + weight * Double(1 << Self.precision))
      }
      starts[position] = start
      lengths[position] = length
    }
    self.starts = starts
    self.lengths = lengths
    self.weights = weights
  }

  /// The pixel a sum stands for. The half was added at the start; the weights' rounding can lift the sum above 255.
  private func pixel(_ sum: Int32) -> UInt8 { UInt8(truncatingIfNeeded: min(sum >> Self.precision, 255)) }

  func applyToGrayRow(_ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>) {
    weights.withUnsafeBufferPointer { weights in
      for position in 0..<count {
        let start = starts[position]
        var sum = Self.half
        for tap in 0..<lengths[position] {
          sum &+= Int32(source[start + tap]) &* weights[position * taps + tap]
        }
        target[position] = pixel(sum)
      }
    }
  }

  func applyToRGBRow(_ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>) {
    weights.withUnsafeBufferPointer { weights in
      for position in 0..<count {
        let start = 3 * starts[position]
        var (red, green, blue) = (Self.half, Self.half, Self.half)
        for tap in 0..<lengths[position] {
          let weight = weights[position * taps + tap]
          red &+= Int32(source[start + 3 * tap]) &* weight
          green &+= Int32(source[start + 3 * tap + 1]) &* weight
          blue &+= Int32(source[start + 3 * tap + 2]) &* weight
        }
        target[3 * position] = pixel(red)
        target[3 * position + 1] = pixel(green)
        target[3 * position + 2] = pixel(blue)
      }
    }
  }

  /// One row of the target: the weighted sum of source rows, which `row` gives. `sums` is scratch of a row's length.
  func applyToColumns(
    at position: Int, sums: UnsafeMutableBufferPointer<Int32>, _ target: UnsafeMutableBufferPointer<UInt8>,
    row: (Int) -> UnsafeBufferPointer<UInt8>
  ) {
    sums.initialize(repeating: Self.half)
    for tap in 0..<lengths[position] {
      let weight = weights[position * taps + tap]
      let source = row(starts[position] + tap)
      for index in 0..<target.count { sums[index] &+= Int32(source[index]) &* weight }
    }
    for index in 0..<target.count { target[index] = pixel(sums[index]) }
  }
}
