import Explanations

/// Where a model looked for a class in an image: the numbers that `dermc run --explain map.npy` writes.
///
/// It says which places, at the coarse grid of the last activation, raised the class's score; not why, and not what
/// would have happened without them.
public struct DermExplanation: Sendable, Equatable {
  /// The class that is explained, and its probability.
  public let explained: DermClass
  /// How the map was made: `gradcam`.
  public let method: String
  /// Rows and columns of the map: the model's view of the image, after it was cropped and resized.
  public let height: Int
  public let width: Int
  /// A number for each place, rows from the top: 1 where most speaks for the class, 0 where nothing does.
  public let values: [Float]
  /// How many places the map really has; between these it is interpolated.
  public let gridHeight: Int
  public let gridWidth: Int
  /// The largest number before the map was scaled to 1.
  public let peak: Float

  /// Whether nothing speaks for the class, so that all values are 0.
  public var isEmpty: Bool { peak == 0 }

  init(_ explained: DermClass, _ map: ActivationMap, height: Int, width: Int) {
    self.explained = explained
    (self.height, self.width) = (height, width)
    (gridHeight, gridWidth) = (map.height, map.width)
    method = ExplanationMethod.gradcam.rawValue
    peak = map.peak
    values = map.resized(height: height, width: width).normalized.values
  }
}
