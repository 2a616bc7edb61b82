package import Tensors

/// Where inputs come from: images, tensors. Called from several threads at once.
package protocol SampleSource: Sendable {
  var count: Int { get }
  /// Writes sample `index` into the inputs of the model, one view for each, in the layouts of the views; false when the
  /// sample is unusable and was noted by the source to be skipped.
  func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool
}
