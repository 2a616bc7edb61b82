/// What calibration has seen of one value: all its elements, and each channel where channels lie innermost.
package struct Observation: Sendable {
  package var histograms = ScaledHistograms()
  /// Sum over images of the channel's mean, in units of 2^-24: integers, so that the order of images does not matter.
  var channelSums: [Int64] = []
  var images: Int64 = 0
  /// The largest magnitude in each channel; none where channels do not lie innermost.
  package internal(set) var channelPeaks: [Float] = []

  package init() {}

  /// Adds one image: `rows` rows of `channels` values, channels-last.
  package mutating func add(
    _ values: UnsafeBufferPointer<Float>, channels: Int, scratch: ObservationScratch
  ) {
    histograms.add(values, scratch: scratch.counters)
    guard channels > 0, let base = values.baseAddress else { return }
    precondition(
      channels <= scratch.channels && values.count % channels == 0,
      "\(values.count) values of \(channels) channels are observed, there is room for \(scratch.channels)")
    if channelSums.count != channels {
      channelSums = [Int64](repeating: 0, count: channels)
      channelPeaks = [Float](repeating: 0, count: channels)
    }
    let rows = values.count / channels
    let (sums, peaks) = (scratch.sums, scratch.peaks)
    for channel in 0..<channels { (sums[channel], peaks[channel]) = (0, 0) }
    for row in 0..<rows {
      let line = base + row * channels
      for channel in 0..<channels {
        let x = line[channel]
        sums[channel] += x
        let magnitude = x.magnitude
        peaks[channel] = magnitude > peaks[channel] ? magnitude : peaks[channel]
      }
    }
    for channel in 0..<channels { channelPeaks[channel] = max(channelPeaks[channel], peaks[channel]) }
    for channel in 0..<channels {
      let mean = Double(sums[channel]) / Double(rows)
      // Beyond this the model is broken anyway; the bound keeps the integer sum from overflowing.
      channelSums[channel] &+= Int64(max(-1e9, min(1e9, mean.isFinite ? mean : 0)) * 16_777_216)
    }
    images += 1
  }

  package mutating func merge(_ other: Observation) {
    histograms.merge(other.histograms)
    guard !other.channelSums.isEmpty else { return }
    guard channelSums.count == other.channelSums.count else {
      channelSums = other.channelSums
      channelPeaks = other.channelPeaks
      images = other.images
      return
    }
    for channel in channelSums.indices {
      channelSums[channel] &+= other.channelSums[channel]
      channelPeaks[channel] = max(channelPeaks[channel], other.channelPeaks[channel])
    }
    images += other.images
  }

  /// The mean of each channel over positions and images.
  package var channelMeans: [Double] {
    channelSums.map { images == 0 ? 0 : Double($0) / 16_777_216 / Double(images) }
  }
}

/// Memory one thread needs while observing.
package final class ObservationScratch {
  package let counters: UnsafeMutablePointer<UInt32>
  package let sums: UnsafeMutablePointer<Float>
  package let peaks: UnsafeMutablePointer<Float>
  package let channels: Int

  package init(channels: Int) {
    self.channels = channels
    counters = .allocate(capacity: Histogram.bins)
    sums = .allocate(capacity: max(1, channels))
    peaks = .allocate(capacity: max(1, channels))
  }

  deinit {
    counters.deallocate()
    sums.deallocate()
    peaks.deallocate()
  }
}
