/// How a map of where a network looks is made.
package enum ExplanationMethod: String, Sendable, CaseIterable {
  /// Of the last activation, weighted by the gradient of the class's logit.
  case gradcam
  /// The same with the weights of the linear layer behind a global mean.
  case cam
  /// By what the class's logit loses when a window of the input is covered.
  case occlusion
  /// Of the last activation, weighted by the class's logit for the input seen through each channel.
  case scorecam
}
