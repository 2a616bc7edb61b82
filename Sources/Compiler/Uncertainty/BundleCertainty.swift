import Answers
import Bundles
import CanonicalJSON
import DataSets
import Images
import Reports
import Tensors

/// Fits how sure the answers of a model are that is compiled already, for its bundle.
package struct BundleCertainty: Sendable {
  private let settings: UncertaintySettings
  private let threads: Int
  private let observer: any WorkObserver

  package init(_ settings: UncertaintySettings, threads: Int, observer: any WorkObserver) {
    self.settings = settings
    self.threads = threads
    self.observer = observer
  }

  /// Writes into the bundle what compiling the model with the same data would have written there.
  ///
  /// - Parameters:
  ///   - decision: as the bundle will tell it
  ///   - binding: how images become inputs then
  func fit(
    _ bundle: inout Bundle, of model: LoadedModel, _ decision: DecisionOutput, _ binding: DataBinding
  ) throws(Refusal) {
    var decision = decision
    try settings.check(decision.meaning)
    guard case .folder(let path) = settings.source else {
      throw .usage(
        "--calibrate-probabilities \(settings.text): divides the data of --eval, which dermc compile has: give a folder"
      )
    }
    let data = try binding.labelled(at: path)
    try decision.name(data.classes)
    try observer.warn(binding.assumption(for: [data.loader]), isStrict: false)
    let plan = try Preparation.plan(Preparation.executable(model), fusesRows: true)
    observer.note(plan, threads: threads)
    let samples = Array(data.loader.samples.indices)
    observer.begin("Evaluating", count: samples.count)
    let outputs = Inference.run(
      plan, on: data.loader, samples: samples, threads: threads, output: decision.position
    ) { observer.advance() }
    observer.end()
    try observer.report(data.loader, isStrict: false)
    let used = samples.filter { outputs[$0] != nil }
    guard !used.isEmpty else { throw data.loader.nothingReadable(path) }
    let known = data.samples
    let fit = try UncertaintyFit(
      settings, decision, runs: used.compactMap { outputs[$0] }, labels: used.map { known.labels[$0] },
      groups: known.groups?.groups(of: used), classes: data.classes, data: data.loader.summary, seed: seed(of: bundle))
    for warning in fit.warnings { observer.warn(warning) }
    bundle.explanation = ["uncertainty": fit.uncertainty.json]
    bundle.answer = decision.meaning.json
    bundle.labels = bundle.labels ?? data.classes
    if bundle.preprocessing == nil { bundle.preprocessing = try binding.preprocessing(for: [data.loader])?.json }
  }

  /// The seed the model was compiled with, so that it is fitted as it would have been then.
  private func seed(of bundle: Bundle) -> UInt64 {
    guard case .int(let seed)? = bundle.provenance?["recipe"]?["seed"] else { return 0 }
    return UInt64(bitPattern: Int64(seed))
  }
}
