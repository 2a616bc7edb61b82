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
  private let certainty: BundleCertainty?

  /// - Parameters:
  ///   - path: where to write
  ///   - store: how a bundle holds weights; nil for raw ones in a float checkpoint, and for those of a compiled
  ///     bundle as its recipe says
  ///   - certainty: how sure answers are, to be fitted for a bundle; nil for what the model's own bundle tells
  package init(
    _ model: LoadedModel, to path: String, settings: DataSettings, answer: AnswerSettings, store: Recipe.Store? = nil,
    certainty: BundleCertainty? = nil
  ) {
    self.model = model
    self.path = path
    self.settings = settings
    self.answer = answer
    self.store = store
    self.certainty = certainty
  }

  /// What a name asks for.
  package enum Format: Sendable {
    case derm, onnx
    /// A folder of C files.
    case plainC
    /// A folder with a page.
    case webPage
  }

  /// Refuses names of formats that cannot be written.
  ///
  /// - Parameter isWeb: whether a page was asked for, which any folder can have
  package static func format(of path: String, isWeb: Bool = false) throws(Refusal) -> Format {
    if isWeb {
      guard !path.hasSuffix(".derm"), !path.hasSuffix(".onnx") else {
        throw .usage("-o \(path): --web writes a folder, as in -o site/")
      }
      return .webPage
    }
    if path.hasSuffix(".derm") { return .derm }
    if path.hasSuffix(".onnx") { return .onnx }
    if path.hasSuffix("/") { return .plainC }
    if let status = try FileStatus.of(path), status.kind == .folder { return .plainC }
    throw .usage("-o \(path): expected a name ending in .derm or .onnx, or in / for a folder of C files")
  }

  /// - Parameters:
  ///   - format: the one that was asked for
  ///   - name: of the functions and files in C; nil for the model's
  ///   - hasWeightsFile: whether weights in C are a file beside the source
  /// - Returns: what to warn of
  package func run(_ format: Format, name: String? = nil, hasWeightsFile: Bool = false) throws(Refusal) -> String? {
    switch format {
    case .derm: return try writeBundle()
    case .onnx: try ONNXWriter.write(model.graph, to: path, producerVersion: Provenance.version)
    case .plainC: try folder(.source(hasWeightsFile: hasWeightsFile), name: name)
    case .webPage: try folder(.webPage, name: nil)
    }
    return nil
  }

  private func folder(_ form: PlainCConversion.Form, name: String?) throws(Refusal) {
    try PlainCConversion(model, to: path, settings: settings, answer: answer, form: form, name: name).run()
  }

  /// A bundle of the graph as it was read, with everything a bundle it was read from holds, but for what is no longer
  /// true of it; returns what to warn of.
  private func writeBundle() throws(Refusal) -> String? {
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
    let warning = dropWhatWasOfOthers(&bundle)
    if let certainty {
      let decision = try DecisionOutput(model, answer, labels: bundle.labels)
      let binding = try DataBinding(
        model, settings: settings, preprocessing: bundle.preprocessing, labels: bundle.labels, decision: decision)
      try certainty.fit(&bundle, of: model, decision, binding)
    }
    let store = store ?? recipeStore ?? (bundle.kind == .checkpoint ? .raw : .compact)
    if bundle.kind == .compiled { bundle.provenance = recording(store, in: bundle.provenance) }
    try BundleWriter.write(bundle, to: path, compression: store.compression)
    return warning
  }

  /// Takes out what was measured, and fitted of how sure answers are, where images are prepared or answers are read in
  /// another way now; returns a sentence on it.
  private func dropWhatWasOfOthers(_ bundle: inout Bundle) -> String? {
    guard let read = model.bundle, bundle.evaluation != nil || bundle.explanation != nil,
      bundle.preprocessing != read.preprocessing || bundle.answer != read.answer
    else { return nil }
    let isPreprocessing = bundle.preprocessing != read.preprocessing
    let parts = [
      bundle.evaluation.map { _ in "its evaluation" },
      certainty == nil ? bundle.explanation.map { _ in "how sure its answers are" } : nil,
    ].compactMap(\.self)
    (bundle.evaluation, bundle.explanation) = (nil, nil)
    guard !parts.isEmpty else { return nil }
    return "\(parts.joined(separator: " and ")) was told for other \(isPreprocessing ? "preprocessing" : "answers") "
      + "than options ask for, and is left out"
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
