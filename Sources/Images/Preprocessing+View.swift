/// The part of a picture that a model's input shows, in pixels of the picture.
package struct InputView: Sendable, Equatable {
  package let x: Double
  package let y: Double
  package let width: Double
  package let height: Double
}

extension Preprocessing {
  /// What `fit` takes of a picture of a size; turned upright where it turns pictures.
  package func view(of size: (width: Int, height: Int)) -> InputView {
    switch resize {
    case .direct:
      return InputView(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    case .centerCrop:
      let crop = CenterCrop(from: size, to: (width, height))
      let (across, down) = (
        Double(size.width) / Double(crop.full.width), Double(size.height) / Double(crop.full.height)
      )
      return InputView(
        x: Double(crop.left) * across, y: Double(crop.top) * down, width: Double(width) * across,
        height: Double(height) * down)
    }
  }
}
