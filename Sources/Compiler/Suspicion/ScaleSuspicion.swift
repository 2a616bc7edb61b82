package import Images
import Reports

/// Mean and standard deviation that do not go with the scale of the pixels.
package enum ScaleSuspicion {
  /// Beyond the pixels by this share of their range a mean cannot be one of pixels.
  private static let slack = 0.05
  /// Standard deviations of natural images are a tenth to a third of the pixels' range, and conventions that are no
  /// standard deviations divide by half the range or all of it.
  private static let deviations = 0.02...2.0
  /// Inputs of the conventions in use span 1 (0...1) to 255 (raw pixels).
  private static let spans = 0.05...600.0

  /// What is wrong and what to do; nil where the values can be meant.
  package static func sentence(_ preprocessing: Preprocessing) -> String? {
    let range = 255 * preprocessing.scale
    let size = abs(range)
    let pixels = "pixels times --scale are 0 to \(Figures.decimal(range, size < 10 ? 3 : 0))"
    let mean = preprocessing.mean.map { $0 / range }
    let std = preprocessing.std.map { abs($0) / size }
    let isCentred = preprocessing.mean.contains { $0 != 0 }
    let isDivided = preprocessing.std.contains { abs($0) != 1 }
    if mean.contains(where: { !(-slack...1 + slack).contains($0) })
      || isDivided && std.contains(where: { $0 > deviations.upperBound })
    {
      let what = isCentred ? "mean \(list(preprocessing.mean))" : "std \(list(preprocessing.std))"
      let remedy =
        size <= 4 && mean.allSatisfy({ $0 >= -slack })
        ? "if they are of pixels from 0 to 255, say --scale 1" : "check --scale, --mean and --std"
      return "\(what) does not fit the scale, as \(pixels): \(remedy)"
    }
    let isTiny = isCentred && size > 100 && preprocessing.mean.allSatisfy { $0 > 0 && $0 <= 1 }
    if isTiny || isDivided && std.contains(where: { $0 < deviations.lowerBound }) {
      let what = isDivided ? "std \(list(preprocessing.std))" : "mean \(list(preprocessing.mean))"
      let remedy = size > 100 ? "if they are of pixels from 0 to 1, say --scale 1/255" : "check --scale and --std"
      return "\(what) does not fit the scale, as \(pixels): \(remedy)"
    }
    let span = preprocessing.std.map { size / abs($0) }
    guard let odd = span.first(where: { !spans.contains($0) }) else { return nil }
    return "inputs span \(odd < 1 ? "only " : "")\(Figures.decimal(odd, odd < 1 ? 4 : 0)), as \(pixels): "
      + "check --scale and --std"
  }

  private static func list(_ values: [Double]) -> String {
    let isSame = values.dropFirst().allSatisfy { $0 == values.first }
    return (isSame ? Array(values.prefix(1)) : values).map(\.description).joined(separator: ",")
  }
}
