import Reports
import Texts

/// Inputs unlike those that the model's first BatchNormalization has seen in training.
package enum NormalizationSuspicion {
  /// The divergence from which inputs do not fit. With right preprocessing it is 0.002 to 0.03 on images like those the
  /// model was trained on, and up to 0.4 on those of quite another kind; with a wrong scale or mean 0.3 to 50,000.
  package static let limit = 0.5

  package static func sentence(_ fit: NormalizationFit) -> String? {
    guard !(fit.divergence < limit) else { return nil }
    return "inputs are unlike those the model was trained on: what reaches \(Printable.name(fit.node)) "
      + "(BatchNormalization) is \(Figures.decimal(fit.divergence, fit.divergence < 10 ? 2 : 0)) nats from its stored "
      + "means and variances, expected below \(limit): check the preprocessing (dermc doctor MODEL DATA)"
  }
}
