package import Tensors

/// Where inputs come from: images, tensors. Called from several threads at once.
package protocol SampleSource: Sendable {
  var count: Int { get }
  /// Writes sample `index` into an input of the model, in the layout of the view; false when the sample is unusable
  /// and was noted by the source to be skipped.
  func write(_ index: Int, into view: TensorView) -> Bool
}
