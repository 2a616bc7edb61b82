import Answers
package import CanonicalJSON
package import DataSets
import Hashing
import IR
package import Images
import Math
import Metrics
import Reports
package import Tensors
import Texts

/// How data reach a model: its input, the preprocessing of images and the names of its classes.
package struct DataBinding: Sendable {
  package let model: LoadedModel
  package let labels: [String]?
  private let settings: DataSettings
  private let stored: JSON?
  private let inputs: ModelInputs
  private let decision: DecisionOutput
  /// What the options give another value than the preprocessing that travels with the model, member by member, as
  /// `mean 0.485,0.456,0.406 -> 0.5`.
  package let overrides: [String]

  package init(_ model: LoadedModel, settings: DataSettings, decision: DecisionOutput) throws(Refusal) {
    try self.init(
      model, settings: settings, preprocessing: model.preprocessing, labels: settings.labels ?? model.labels,
      decision: decision)
  }

  /// - Parameters:
  ///   - stored: the preprocessing that travels with the model, or with the one it is compared with
  ///   - labels: class names in the model's order, where they are known
  package init(
    _ model: LoadedModel, settings: DataSettings, preprocessing stored: JSON?, labels: [String]?,
    decision: DecisionOutput
  ) throws(Refusal) {
    self.model = model
    self.settings = settings
    self.stored = stored
    self.labels = labels
    self.decision = decision
    guard !model.graph.inputs.isEmpty else { throw Refusal(file: model.path, reason: "has no input") }
    inputs = try refusing(model) { () throws(Refusal) in
      try ModelInputs(
        model.graph.inputs.map { ModelInputs.Input(name: model.graph[$0].name, type: model.graph.type(of: $0)) },
        main: settings.imageInput)
    }
    let isKnown = settings.describesPreprocessing || stored != nil
    if isKnown, let type = inputs.mainType {
      let input = try refusing(model) { () throws(Refusal) in try ModelInput(type, order: settings.order) }
      let used = try settings.preprocessing(for: input, stored: stored)
      overrides = try settings.overrides(of: stored, by: used, for: input)
    } else {
      overrides = []
    }
    if let labels, let count = classCount, labels.count != count {
      let origin = settings.labelsFile ?? (settings.labels == nil ? "class names" : "--labels")
      throw Refusal(file: origin, reason: "has \(labels.count) class names, \(model.path) has \(count) \(classNoun)")
    }
  }

  /// Whether the user or the model says how images become inputs; otherwise pixels are only scaled to 0...1.
  package var isPreprocessingKnown: Bool { settings.describesPreprocessing || stored != nil }

  /// How images become inputs, where it is known or `data` hold images.
  ///
  /// - Parameter hasImages: whether there are images besides
  package func preprocessing(
    for data: [SampleLoader], hasImages: Bool = false
  ) throws(Refusal) -> Preprocessing? {
    isPreprocessingKnown || hasImages || data.contains(where: \.hasImages) ? try imagePreprocessing() : nil
  }

  /// Where images go: the position among the inputs, and how that takes them.
  func imageInput() throws(Refusal) -> (position: Int, image: ModelInput) {
    guard let position = inputs.main else {
      throw .usage(
        "\(model.path): has the inputs \(inputs.description): say with --image-input which of them images are")
    }
    let type = inputs.all[position].type
    let image = try refusing(model) { () throws(Refusal) in try ModelInput(type, order: settings.order) }
    return (position, image)
  }

  /// What to warn of when images were read without being told how.
  package func assumption(for data: [SampleLoader], hasImages: Bool = false) -> String? {
    guard !isPreprocessingKnown, hasImages || data.contains(where: \.hasImages) else { return nil }
    return "no preprocessing is given, so pixels are scaled to 0...1; "
      + "if it was trained otherwise, say so with --scale, --mean, --std or --preprocess"
  }

  /// What to warn of when options override what is stored with the model.
  package var overrideWarning: String? {
    guard !overrides.isEmpty else { return nil }
    return "\(model.path): options override its stored preprocessing: \(overrides.joined(separator: "; "))"
  }

  private func imagePreprocessing() throws(Refusal) -> Preprocessing {
    try settings.preprocessing(for: imageInput().image, stored: stored)
  }

  /// How many classes, or labels, the model decides on; nil where it decides nothing.
  package var classCount: Int? { decision.meaning.task == .none ? nil : decision.meaning.classCount }

  /// What messages call classes: one number of an output, unless one number stands for two.
  private var classNoun: String { decision.meaning.isSingleScore ? "classes" : "outputs" }

  /// A loader of the samples below a folder, without labels.
  ///
  /// - Parameters:
  ///   - table: a table of their own; nil for the one that was told of all data
  ///   - takesNonFinite: whether tensors may hold NaN and infinities
  package func unlabelled(
    at path: String, table: String? = nil, takesNonFinite: Bool = false
  ) throws(Refusal) -> SampleLoader {
    var options = settings.table
    if let table { options.path = table }
    return try loader(
      refusing(model) { () throws(Refusal) in
        try SampleFolder.samples(at: path, inputs: inputs, options: options)
      }, takesNonFinite: takesNonFinite)
  }

  /// A loader of labelled samples and the class names in the model's order.
  package func labelled(at path: String) throws(Refusal) -> LabelledData {
    guard decision.meaning.task != .none else {
      throw Refusal(
        file: model.path,
        reason: "output \(Printable.name(decision.meaning.output)) \(decision.rows.description) is no decision that "
          + "labels could be held against: name another output with --output-name, or say what it decides with --task")
    }
    let kind: LabelKind = decision.meaning.task == .multilabel ? .labelSets : .oneClass
    guard decision.rows.batch == 1 else {
      throw Refusal(
        file: model.path,
        reason: "takes batches of \(decision.rows.batch): export it with a batch of 1 or a free one to "
          + "evaluate it"
      )
    }
    var set = try refusing(model) { () throws(Refusal) in
      try SampleFolder.labelled(at: path, classes: labels, labels: kind, inputs: inputs, options: settings.table)
    }
    if labels == nil, let count = classCount { set.numberClasses(upTo: count) }
    let data = LabelledData(path: path, loader: try loader(set))
    if let count = classCount {
      guard data.classes.count <= count else {
        throw Refusal(file: path, reason: "has \(data.classes.count) classes, the model has \(count) \(classNoun)")
      }
      if labels == nil, data.classes.count < count {
        throw Refusal(
          file: path,
          reason: "has \(data.classes.count) class\(set.table == nil ? " folders" : "es"), the model has \(count) "
            + "\(classNoun); name all classes in order with --labels FILE"
        )
      }
    }
    return data
  }

  /// The folders of calibration data in sorted order, where there is one for each of the model's outputs.
  package func folderNames(at path: String) -> [String]? {
    guard let folders = try? SampleFolder.classFolders(of: path), let classCount, classCount > 1,
      folders.count == classCount
    else { return nil }
    return folders
  }

  /// Labelled samples, divided: those that how sure answers are is fitted on, and those that are reported on.
  func divided(
    _ data: LabelledData, _ split: Uncertainty.Split
  ) throws(Refusal) -> (fit: LabelledData, rest: LabelledData) {
    let set = data.loader.data
    let (first, rest) = set.split(share: split.share, seed: split.seed)
    guard !first.isEmpty, !rest.isEmpty else {
      throw Refusal(
        file: data.path,
        reason: "has \(Figures.count(set.samples.count, "sample"))\(set.groups.map { " by \($0.column)" } ?? ""), of "
          + "which split:\(split.share) leaves none to \(first.isEmpty ? "fit" : "report") on")
    }
    return (
      LabelledData(path: data.path, loader: try loader(set.subset(first))),
      LabelledData(path: data.path, loader: try loader(set.subset(rest)))
    )
  }

  private func loader(_ set: SampleSet, takesNonFinite: Bool = false) throws(Refusal) -> SampleLoader {
    let hasImages = set.samples.contains { SampleFormat(path: $0.path) == .image }
    let preprocessing = hasImages ? try imagePreprocessing() : nil
    return try refusing(model) { () throws(Refusal) in
      try SampleLoader(
        set, for: inputs, order: settings.order, preprocessing: preprocessing, values: settings.inputs,
        takesNonFinite: takesNonFinite)
    }
  }
}

/// What data refuse, with the model's name where it is what they do not go with.
func refusing<Result>(
  _ model: LoadedModel, _ body: () throws(Refusal) -> Result
) throws(Refusal) -> Result {
  do throws(Refusal) {
    return try body()
  } catch {
    throw error.kind == .unfit ? error.of(file: model.path) : error
  }
}

/// What is known of labelled samples besides what they are.
struct LabelledSamples: Sendable {
  /// What was given: a folder, say.
  let path: String
  let names: [String]
  /// Class names in the model's order.
  let classes: [String]
  /// The class of each sample.
  let labels: [Int]
  /// The classes of each sample, rising; nil where each is of one class.
  let labelSets: [[Int]]?
  /// The patient or lesion of each sample; nil where nothing tells.
  let groups: GroupColumn?
  /// The value of each sample in each of the columns of --subgroups.
  let subgroups: [AttributeColumn]
}

extension GroupColumn {
  /// Whose some of the samples are.
  func groups(of samples: [Int]) -> SampleGroups {
    SampleGroups(column, of: samples.map { names[$0].isEmpty ? nil : names[$0] })
  }
}

/// Samples with labels.
package struct LabelledData: Sendable {
  package let path: String
  package let loader: SampleLoader

  package var classes: [String] { loader.data.classes }
  /// The patient or lesion of each sample; nil where nothing tells.
  package var groups: GroupColumn? { loader.data.groups }
  /// What is known of each sample.
  var samples: LabelledSamples {
    LabelledSamples(
      path: path, names: loader.samples.map(\.name), classes: classes, labels: loader.samples.map { $0.label ?? 0 },
      labelSets: loader.data.labelSets, groups: groups, subgroups: loader.data.subgroups)
  }
}

extension SampleLoader {
  /// What to say where every sample asked for was unusable.
  func nothingReadable(_ path: String) -> Refusal {
    let first = problems.first.map { "; \($0.sample.name) \($0.reason)" } ?? ""
    return Refusal(file: path, reason: "no sample could be used\(first)")
  }

  /// Which samples were read, for reports.
  var summary: Report.DataSummary {
    let identity = identity
    return Report.DataSummary(count: identity.count, sha256: identity.sha256.hex)
  }

  /// The samples that could not be read, one line each.
  var skipped: [String] { problems.map { "\($0.sample.path): \($0.reason)" } }
}
