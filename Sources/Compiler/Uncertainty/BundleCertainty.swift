import Answers
import Bundles
import CanonicalJSON
import DataSets
import Explanations
import Images
import Reports
import Runtime
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
    // What runs of a checkpoint is rewritten first: activations of that name may have other numbers in what is stored.
    guard settings.unlike == .energy || bundle.kind == .compiled else {
      throw Refusal(
        file: model.path, reason: "is not compiled, so its activations are not yet those that run",
        remedy: "fit distances with dermc compile --calibrate-probabilities \(settings.text) --unlike mahalanobis")
    }
    let graph = try Preparation.executable(model)
    let network = try settings.network(graph, decision, binding, path: model.path)
    let plan = if let network { network.plan } else { try Preparation.plan(graph, fusesRows: true) }
    observer.note(plan, threads: threads)
    let samples = Array(data.loader.samples.indices)
    observer.begin("Evaluating", count: samples.count)
    let position = decision.position
    let runs = Inference.run(
      plan, on: data.loader, samples: samples, threads: threads, progress: { [observer] in observer.advance() },
      lane: {},
      take: { [pooled = network?.pooled] executor, _, _ in
        (output: executor.floats(ofOutput: position), features: pooled?.features(executor))
      })
    observer.end()
    try observer.report(data.loader, isStrict: false)
    let used = samples.filter { runs[$0] != nil }
    guard !used.isEmpty else { throw data.loader.nothingReadable(path) }
    let known = data.samples
    let fit = try UncertaintyFit(
      settings, decision, runs: used.compactMap { runs[$0]?.output }, labels: used.map { known.labels[$0] },
      groups: known.groups?.groups(of: used), classes: data.classes, data: data.loader.summary,
      features: network.map { network in
        DistanceFit.Features(activation: network.pooled.name, rows: used.compactMap { runs[$0]?.features })
      }, seed: seed(of: bundle))
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
