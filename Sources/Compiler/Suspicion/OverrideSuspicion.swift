/// Preprocessing that travels with a model and is not used.
package enum OverrideSuspicion {
  /// - Parameter members: the names of the stored values that the command line replaces: `mean`, `std`
  package static func sentence(_ members: [String]) -> String? {
    guard !members.isEmpty else { return nil }
    return "the preprocessing stored with the model is overridden (\(members.joined(separator: ", "))): "
      + "leave the options out to use what the model was compiled with"
  }
}
