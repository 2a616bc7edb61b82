import Answers
import CanonicalJSON
import DataSets
import Hashing
import Images
import Reports
import Tensors

/// What points of a sweep must have in common to be compared: all that bundles and their figures follow from, but for
/// the recipe.
struct SweepIdentity: Equatable {
  let dermc: String
  /// Hashes: of the model's files, of what was calibrated and measured on, and of how these reach the model.
  let model: String
  let calibration: String
  let evaluation: String
  let settings: String

  /// - Parameters:
  ///   - calibration: the samples recipes are calibrated with
  ///   - base: what is common to all recipes
  init(
    _ source: CompilationSource, _ request: CompilationRequest, calibration: SampleLoader, base: Recipe
  ) throws(Refusal) {
    dermc = Provenance.version
    model = source.hash.hex
    self.calibration = SweepIdentity.hash(calibration.data)
    evaluation = source.evaluation.map { SweepIdentity.hash($0.loader.data) } ?? ""
    let loaders = [calibration, source.evaluation?.loader].compactMap(\.self)
    var constants = JSONObject()
    for (name, numbers) in request.settings.inputs.sorted(by: { $0.key < $1.key }) {
      constants[name] = .doubles(numbers.map { Double($0) })
    }
    let settings: JSON = [
      "preprocessing": try source.data.preprocessing(for: loaders)?.json ?? .null,
      "layout": (request.settings.order?.rawValue).map { .string($0) } ?? .null,
      "image_input": request.settings.imageInput.map { .string($0) } ?? .null, "inputs": .object(constants),
      "answer": source.decision.meaning.json, "classes": .strings(source.classes ?? []), "recipe": base.json,
    ]
    self.settings = SHA256(of: settings.prettyBytes()).hex
  }

  /// The samples of a set, what is known of each, and what is in their files.
  private static func hash(_ set: SampleSet) -> String {
    var contents: [String: String] = [:]
    func content(_ path: String, in place: TarPlace? = nil) -> String {
      if let known = contents[path] { return known }
      // One that cannot be read is passed over when it is needed, with a warning.
      let found =
        if let place { (try? place.contents()).map { SHA256(of: $0) } } else {
          (try? MappedFile(path: path)).map { $0.withBytes { SHA256(of: $0) } }
        }
      let hash = found?.hex ?? ""
      contents[path] = hash
      return hash
    }
    var lines: [String] = [set.table.map { content($0) } ?? ""]
    for (index, sample) in set.samples.enumerated() {
      var fields = [sample.name, "\(sample.index)", sample.label.map { "\($0)" } ?? ""]
      fields.append(content(sample.path, in: sample.place))
      fields.append((set.labelSets?[index] ?? []).map { "\($0)" }.joined(separator: " "))
      fields.append(set.groups.map { "\($0.column)=\($0.names[index])" } ?? "")
      fields += set.subgroups.map { "\($0.column)=\($0.values[index])" }
      lines.append(JSON.strings(fields).description)
    }
    return SHA256(of: Array(lines.joined(separator: "\n").utf8)).hex
  }

  /// What of it another sweep has otherwise, in words; nil where nothing.
  func difference(from other: SweepIdentity) -> String? {
    if model != other.model { return "of another model" }
    if dermc != other.dermc { return "by dermc \(other.dermc)" }
    if calibration != other.calibration { return "with other calibration data" }
    if evaluation != other.evaluation { return "with other evaluation data" }
    return settings == other.settings ? nil : "with other options (preprocessing, answer, samples, seed, storage)"
  }

  var json: JSON {
    [
      "dermc": .string(dermc), "model": .string(model), "calibration": .string(calibration),
      "evaluation": .string(evaluation), "settings": .string(settings),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    dermc = try node["dermc"].string()
    model = try node["model"].string()
    calibration = try node["calibration"].string()
    evaluation = try node["evaluation"].string()
    settings = try node["settings"].string()
  }
}
