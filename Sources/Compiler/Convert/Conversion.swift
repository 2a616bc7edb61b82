import Answers
import Bundles
import CanonicalJSON
import IR
import Images
import ONNX
package import Reports
package import Tensors

/// What `dermc convert` does: writes a model in the format a file's name ends in.
package struct Conversion {
  private let model: LoadedModel
  private let path: String
  private let settings: DataSettings
  private let answer: AnswerSettings
  private let store: Recipe.Store?

  /// - Parameters:
  ///   - path: where to write
  ///   - store: how a bundle holds weights; nil for raw ones in a float checkpoint, and for those of a compiled
  ///     bundle as its recipe says
  package init(
    _ model: LoadedModel, to path: String, settings: DataSettings, answer: AnswerSettings, store: Recipe.Store? = nil
  ) {
    self.model = model
    self.path = path
    self.settings = settings
    self.answer = answer
    self.store = store
  }

  /// Refuses names of formats that cannot be written.
  package static func checkName(_ path: String) throws(Refusal) {
    guard path.hasSuffix(".derm") || path.hasSuffix(".onnx") else {
      throw .usage("-o \(path): expected a name ending in .derm or .onnx")
    }
  }

  package func run() throws(Refusal) {
    if path.hasSuffix(".derm") { return try writeBundle() }
    try ONNXWriter.write(model.graph, to: path, producerVersion: Provenance.version)
  }

  /// A bundle of the graph as it was read, with everything a bundle it was read from holds.
  private func writeBundle() throws(Refusal) {
    var bundle = model.bundle ?? Bundle(kind: .checkpoint, graph: model.graph)
    if model.bundle == nil {
      bundle.provenance = Provenance.json(source: model, hash: try model.sha256(), recipe: nil)
      bundle.labels = model.labels
    }
    if settings.describesPreprocessing || settings.labels != nil {
      let decision = try DecisionOutput(model, answer, labels: settings.labels ?? model.labels)
      let binding = try DataBinding(model, settings: settings, decision: decision)
      if settings.describesPreprocessing { bundle.preprocessing = try binding.preprocessing(for: [])?.json }
      bundle.labels = binding.labels
    }
    if answer.isTold {
      try answer.checkMeasured(false)
      bundle.answer = try DecisionOutput(model, answer, labels: bundle.labels).meaning.json
    }
    let store = store ?? recipeStore ?? (bundle.kind == .checkpoint ? .raw : .compact)
    if bundle.kind == .compiled { bundle.provenance = recording(store, in: bundle.provenance) }
    try BundleWriter.write(bundle, to: path, compression: store.compression)
  }

  /// What the recipe in a compiled bundle's provenance says of its weights.
  private var recipeStore: Recipe.Store? {
    guard case .object(let provenance)? = model.bundle?.provenance, case .object(let recipe)? = provenance["recipe"],
      case .string(let name)? = recipe["store"]
    else { return nil }
    return Recipe.Store(rawValue: name)
  }

  /// Provenance whose recipe gives the bundle that is written, so that compiling it anew gives the same bytes.
  private func recording(_ store: Recipe.Store, in provenance: JSON?) -> JSON? {
    guard case .object(var object)? = provenance, case .object(var recipe)? = object["recipe"] else {
      return provenance
    }
    recipe["store"] = .string(store.rawValue)
    object["recipe"] = .object(recipe)
    return .object(object)
  }
}
