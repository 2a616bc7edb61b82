/// What a model's answers are, as far as measures go.
package enum MeasuredTask: String, Sendable {
  /// One of several classes.
  case multiclass
  /// A positive class or not.
  case binary
  /// Each label or not.
  case multilabel
  /// Numbers without a decision, such as an embedding.
  case none
}
