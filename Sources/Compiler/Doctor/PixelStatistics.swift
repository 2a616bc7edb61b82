import Images

/// The mean and standard deviation of pixel values, 0 to 255, over some images.
struct PixelStatistics: Sendable {
  /// Of each colour, red first; of one where images are gray.
  let mean: [Double]
  let deviation: [Double]
  /// Of all colours together.
  let allMean: Double
  let allDeviation: Double

  /// Deviations are at least 1, so that images of one colour can be divided by them.
  init(_ images: [Image], channels: Int) {
    var histograms = [[Int]](repeating: [Int](repeating: 0, count: 256), count: channels)
    for image in images where image.channels == channels {
      for (index, pixel) in image.pixels.enumerated() { histograms[index % channels][Int(pixel)] += 1 }
    }
    let moments = histograms.map { PixelStatistics.moments([$0]) }
    mean = moments.map { PixelStatistics.rounded($0.mean) }
    deviation = moments.map { max(1, PixelStatistics.rounded($0.deviation)) }
    let all = PixelStatistics.moments(histograms)
    allMean = PixelStatistics.rounded(all.mean)
    allDeviation = max(1, PixelStatistics.rounded(all.deviation))
  }

  private static func moments(_ histograms: [[Int]]) -> (mean: Double, deviation: Double) {
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    for histogram in histograms {
      for (value, number) in histogram.enumerated() {
        count += Double(number)
        sum += Double(number * value)
        squares += Double(number * value * value)
      }
    }
    guard count > 0 else { return (0, 1) }
    let mean = sum / count
    return (mean, max(0, squares / count - mean * mean).squareRoot())
  }

  /// Two places, as such values are written: more would say that samples tell more than they do.
  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
