/// How far an image's features are from those of the images fitted on: a Gaussian over the means of a network's last
/// activation, and the distance from which on an image is unlike them.
///
/// The covariance is C = v + sum over axes j of (v_j - v) a_j a_j^T, v being the variance of all directions but the
/// axes (probabilistic principal components: Tipping, Bishop, 1999). With d the features less their mean the distance
/// is that of Mahalanobis,
///
///     sqrt(d^T C^-1 d) = sqrt((d^T d - z^T S^-1 z) / v),  z = A d,  S = A A^T + v (V - v)^-1
///
/// where the rows of A are the axes and V - v is the diagonal matrix of v_j - v (Woodbury's identity). Its numbers are
/// stored as integers; these are what it is, and its threshold is fitted to.
package struct FeatureDistance: Sendable, Equatable {
  /// Numbers that are integers times a step.
  package struct Numbers: Sendable, Equatable {
    package let scale: Float
    package let integers: [Int16]

    package init(scale: Float, integers: [Int16]) {
      self.scale = scale
      self.integers = integers
    }

    /// The nearest to finite numbers whose largest has a certain integer, ties to even.
    package init(_ numbers: [Double], largest: Int16) {
      let most = numbers.reduce(0) { max($0, abs($1)) }
      let scale = Float(most / Double(largest))
      // Smaller than any float32 has a place for: all are zero.
      self.scale = scale > 0 ? scale : 1
      let step = Double(self.scale)
      let limit = Double(largest)
      integers = numbers.map { Int16(min(max(($0 / step).rounded(.toNearestOrEven), -limit), limit)) }
    }

    package var values: [Double] { integers.map { Double(scale) * Double($0) } }
  }

  /// A direction in which features differ much.
  package struct Axis: Sendable, Equatable {
    package let numbers: Numbers
    package let variance: Float

    package init(numbers: Numbers, variance: Float) {
      self.numbers = numbers
      self.variance = variance
    }
  }

  /// The largest integers of means and of axes.
  package static let meanLimit: Int16 = 32767
  package static let axisLimit: Int16 = 127
  package static let mostAxes = 8

  /// The name of the value whose means over rows and columns the features are.
  package let activation: String
  package let mean: Numbers
  package let axes: [Axis]
  /// The variance of every direction but the axes.
  package let variance: Float
  /// How many samples all of these were fitted on.
  package let samples: Int
  /// The share of images like those fitted on that is taken for unlike them.
  package let falseAlarms: Double
  /// Above which distance an image is unlike them; fitted on other samples than the rest.
  package var threshold: Float

  /// What distances are computed with: the mean, the axes, and the factor L of S = L L^T.
  private let center: [Double]
  private let directions: [[Double]]
  private let factor: [[Double]]

  /// - Parameters:
  ///   - axes: with variances above the other one, which is positive, and as many numbers as the mean
  /// - Returns: nil where the numbers make no covariance
  package init?(
    activation: String, mean: Numbers, axes: [Axis], variance: Float, samples: Int, falseAlarms: Double,
    threshold: Float
  ) {
    self.activation = activation
    self.mean = mean
    self.axes = axes
    self.variance = variance
    self.samples = samples
    self.falseAlarms = falseAlarms
    self.threshold = threshold
    center = mean.values
    let directions = axes.map(\.numbers.values)
    self.directions = directions
    guard variance > 0, axes.allSatisfy({ $0.variance > variance && $0.numbers.integers.count == mean.integers.count })
    else { return nil }
    var factor: [[Double]] = []
    for row in directions.indices {
      var own: [Double] = []
      for column in 0...row {
        var sum = 0.0
        for index in center.indices { sum += directions[row][index] * directions[column][index] }
        if row == column { sum += Double(variance) / (Double(axes[row].variance) - Double(variance)) }
        let other = column == row ? own : factor[column]
        for index in 0..<column { sum -= own[index] * other[index] }
        guard column == row else {
          own.append(sum / other[column])
          continue
        }
        guard sum > 0, sum.isFinite else { return nil }
        own.append(sum.squareRoot())
      }
      factor.append(own)
    }
    self.factor = factor
  }

  /// How many numbers features are.
  package var channels: Int { center.count }

  /// The distance of an image; NaN where its features are no numbers.
  package func distance(_ features: [Double]) -> Float {
    precondition(features.count == center.count, "a distance is asked of features of another network")
    var difference = features
    var square = 0.0
    for index in center.indices {
      difference[index] -= center[index]
      square += difference[index] * difference[index]
    }
    var solved: [Double] = []
    for (direction, row) in zip(directions, factor) {
      var sum = 0.0
      for index in center.indices { sum += direction[index] * difference[index] }
      for (index, number) in solved.enumerated() { sum -= row[index] * number }
      let number = sum / row[solved.count]
      solved.append(number)
      square -= number * number
    }
    let squared = square / Double(variance)
    // By rounding, where it is as good as nothing.
    return squared < 0 ? 0 : Float(squared.squareRoot())
  }
}
