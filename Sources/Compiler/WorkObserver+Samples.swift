import DataSets
import Tensors

extension WorkObserver {
  /// Says what there is to warn of; under --strict it ends the work.
  func warn(_ warning: String?, isStrict: Bool) throws(Refusal) {
    guard let warning else { return }
    if isStrict { throw Refusal("\(warning) (leave out --strict to go on all the same)") }
    warn(warning)
  }

  /// Names what of the data was not looked at, and the samples that could not be used; under --strict the first ends
  /// the work.
  func report(_ loader: SampleLoader, isStrict: Bool) throws(Refusal) {
    for warning in loader.data.warnings { try warn(warning, isStrict: isStrict) }
    try reportSkipped(loader, isStrict: isStrict)
  }

  /// Names the samples that could not be used; under --strict the first ends the work.
  func reportSkipped(_ loader: SampleLoader, isStrict: Bool) throws(Refusal) {
    for note in loader.data.notes { self.note(note) }
    for problem in loader.skipped {
      if isStrict { throw Refusal("\(problem) (leave out --strict to skip it)") }
      warn("skipped \(problem)")
    }
  }
}
