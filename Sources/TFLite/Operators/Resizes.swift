import IR
import Operators
import Tensors

/// Images resized to a height and width that are an input.
enum Resizes: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "RESIZE_BILINEAR": bilinear,
    "RESIZE_NEAREST_NEIGHBOR": nearest,
  ]

  private enum BilinearField { static let alignsCorners = 2, hasHalfPixelCenters = 3 }
  private enum NearestField { static let alignsCorners = 0, hasHalfPixelCenters = 1 }

  private static func bilinear(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let transformation: CoordinateTransformation =
      try node.bool(BilinearField.alignsCorners)
      ? .alignCorners : try node.bool(BilinearField.hasHalfPixelCenters) ? .halfPixel : .asymmetric
    return try resize(Resize(sizes: try sizes(node), mode: .linear, transformation: transformation), node)
  }

  /// Coordinates are rounded down, but for those of aligned corners, which go to the nearest, up at halves.
  private static func nearest(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let alignsCorners = try node.bool(NearestField.alignsCorners)
    let transformation: CoordinateTransformation =
      alignsCorners
      ? .alignCorners : try node.bool(NearestField.hasHalfPixelCenters) ? .tfHalfPixelForNearest : .asymmetric
    return try resize(
      Resize(
        sizes: try sizes(node), mode: .nearest, transformation: transformation,
        rounding: alignsCorners ? .preferCeil : .floor), node)
  }

  private static func sizes(_ node: NodeImport) throws(Refusal) -> [Int] {
    let sizes = try node.ints(input: 1, "size")
    guard sizes.count == 2, sizes.allSatisfy((1...(1 << 15)).contains) else {
      throw Refusal("its size \(sizes) is not that of an image")
    }
    return sizes
  }

  private static func resize(_ op: Resize, _ node: NodeImport) throws(Refusal) -> [TensorValue] {
    try node.finish(op, [try node.images(0, "x")], .channelsFirst)
  }
}
