import CKernels

/// The weights of an antialiased triangle filter along one side, in Pillow's fixed point. `ck_resize.h` says how they
/// are applied.
struct TriangleFilter {
  /// Target pixels that are computed.
  let count: Int
  /// Whether the target is the source.
  let isIdentity: Bool
  /// The weights of a target pixel: those it looks with, zeros behind them.
  private let taps: Int
  private let starts: [Int32]
  private let lengths: [Int32]
  private let weights: [Int32]

  /// - Parameter part: the target pixels to compute
  init(from source: Int, to target: Int, keeping part: Range<Int>) {
    isIdentity = source == target && part == 0..<target
    let scale = Double(source) / Double(target)
    let support = max(scale, 1)
    let inverse = 1 / support
    count = part.count
    let most = Int(support.rounded(.up)) * 2 + 1
    let group = Int(CK_RESIZE_GROUP)
    taps = (most + group - 1) / group * group
    var starts = [Int32](repeating: 0, count: count)
    var lengths = [Int32](repeating: 0, count: count)
    var weights = [Int32](repeating: 0, count: count * taps)
    var exact = [Double](repeating: 0, count: most)
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
        weights[position * taps + tap] = Int32(0.5 + weight * Double(1 << CK_RESIZE_BITS))
      }
      starts[position] = Int32(start)
      lengths[position] = Int32(length)
    }
    self.starts = starts
    self.lengths = lengths
    self.weights = weights
  }

  /// A row of the target from one of the source, in one channel or in three.
  func applyToRow(
    by kernels: ck_resize_set, channels: Int, _ source: UnsafeBufferPointer<UInt8>,
    _ target: UnsafeMutableBufferPointer<UInt8>
  ) {
    precondition(target.count == count * channels, "a row of \(target.count) bytes for \(count) pixels")
    starts.withUnsafeBufferPointer { starts in
      lengths.withUnsafeBufferPointer { lengths in
        weights.withUnsafeBufferPointer { weights in
          guard let starts = starts.baseAddress, let lengths = lengths.baseAddress, let weights = weights.baseAddress,
            let x = source.baseAddress, let y = target.baseAddress
          else { preconditionFailure("an image has no pixels") }
          var filter = ck_resize_filter(count: count, taps: taps, starts: starts, lengths: lengths, weights: weights)
          let apply = channels == 1 ? kernels.gray_row : kernels.rgb_row
          apply(&filter, source.count / channels, x, y)
        }
      }
    }
  }

  /// One row of the target: the weighted sum of source rows, which `row` gives. `sums` is scratch of a row's length.
  func applyToColumns(
    by kernels: ck_resize_set, at position: Int, sums: UnsafeMutableBufferPointer<Int32>,
    _ target: UnsafeMutableBufferPointer<UInt8>, row: (Int) -> UnsafeBufferPointer<UInt8>
  ) {
    precondition(sums.count == target.count, "\(sums.count) sums for a row of \(target.count) bytes")
    guard let start = sums.baseAddress, let y = target.baseAddress else {
      preconditionFailure("an image has no pixels")
    }
    sums.initialize(repeating: Int32(CK_RESIZE_HALF))
    for tap in 0..<Int(lengths[position]) {
      let source = row(Int(starts[position]) + tap)
      guard source.count == target.count, let x = source.baseAddress else {
        preconditionFailure("a row of \(source.count) bytes for one of \(target.count)")
      }
      kernels.add_row(target.count, weights[position * taps + tap], x, start)
    }
    kernels.round_row(target.count, start, y)
  }
}
