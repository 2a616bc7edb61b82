import Answers
package import CanonicalJSON
package import DataSets
import IR
package import Images
import Tensors

/// How data reach a model: its input, the preprocessing of images and the names of its classes.
package struct DataBinding: Sendable {
  package let model: LoadedModel
  package let labels: [String]?
  private let settings: DataSettings
  private let stored: JSON?

  package init(_ model: LoadedModel, settings: DataSettings) throws(Diagnostic) {
    try self.init(
      model, settings: settings, preprocessing: model.preprocessing, labels: settings.labels ?? model.labels)
  }

  /// - Parameters:
  ///   - stored: the preprocessing that travels with the model, or with the one it is compared with
  ///   - labels: class names in the model's order, where they are known
  package init(
    _ model: LoadedModel, settings: DataSettings, preprocessing stored: JSON?, labels: [String]?
  ) throws(Diagnostic) {
    self.model = model
    self.settings = settings
    self.stored = stored
    self.labels = labels
    guard model.graph.inputs.count == 1 else {
      throw .refused("\(model.path): has \(model.graph.inputs.count) inputs, data can be given to models with one")
    }
    if isPreprocessingKnown { _ = try imagePreprocessing() }
    if let labels, let outputs = classCount, labels.count != outputs {
      let origin = settings.labelsFile ?? "class names"
      throw .refused("\(origin): has \(labels.count) class names, \(model.path) has \(outputs) outputs")
    }
  }

  /// Whether the user or the model says how images become inputs; otherwise pixels are only scaled to 0...1.
  package var isPreprocessingKnown: Bool { settings.describesPreprocessing || stored != nil }

  /// How images become inputs, where it is known or `data` hold images.
  package func preprocessing(for data: [SampleLoader]) throws(Diagnostic) -> Preprocessing? {
    isPreprocessingKnown || data.contains(where: \.hasImages) ? try imagePreprocessing() : nil
  }

  /// What to warn of when images were read without being told how.
  package func assumption(for data: [SampleLoader]) -> String? {
    guard !isPreprocessingKnown, data.contains(where: \.hasImages) else { return nil }
    return "no preprocessing is given, so pixels are scaled to 0...1; "
      + "if it was trained otherwise, say so with --scale, --mean, --std or --preprocess"
  }

  private var inputType: TensorType { model.graph.type(of: model.graph.inputs[0]) }

  private func imagePreprocessing() throws(Diagnostic) -> Preprocessing {
    let input = try refusing { () throws(DataError) in try ModelInput(inputType, order: settings.order) }
    return try settings.preprocessing(for: input, stored: stored)
  }

  /// How outputs divide into samples.
  var outputRows: OutputRows { OutputRows(model.graph) }

  /// How many numbers the first output has for a sample: its classes.
  package var classCount: Int? { model.graph.outputs.isEmpty ? nil : outputRows.count }

  /// A loader of the samples below a folder, without labels.
  package func unlabelled(at path: String) throws(Diagnostic) -> SampleLoader {
    try checkOutput()
    return try loader(refusing { () throws(DataError) in try SampleFolder.samples(at: path, shape: inputType.shape) })
  }

  /// A loader of labelled samples and the class names in the model's order.
  package func labelled(at path: String) throws(Diagnostic) -> LabelledData {
    try checkOutput()
    guard outputRows.batch == 1 else {
      throw .refused(
        "\(model.path): takes batches of \(outputRows.batch): export it with a batch of 1 or a free one to "
          + "evaluate it"
      )
    }
    let (samples, classes) = try refusing { () throws(DataError) in
      try SampleFolder.labelled(at: path, classes: labels, shape: inputType.shape)
    }
    let data = LabelledData(path: path, loader: try loader(samples), classes: classes)
    if let outputs = classCount {
      guard data.classes.count <= outputs else {
        throw .refused("\(path): has \(data.classes.count) classes, the model has \(outputs) outputs")
      }
      if labels == nil, data.classes.count < outputs, !data.hasNumberLabels {
        throw .refused(
          "\(path): has \(data.classes.count) class folders, the model has \(outputs) outputs; "
            + "name all classes in order with --labels FILE"
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

  /// Scores must be numbers that can be compared.
  private func checkOutput() throws(Diagnostic) {
    guard let output = model.graph.outputs.first else { throw .refused("\(model.path): has no output") }
    let type = model.graph.type(of: output)
    guard type.element == .float32 else {
      throw .refused(
        "\(model.path): output \(model.graph[output].name) is \(type), expected float32 scores; "
          + "export the model without what turns scores into a decision"
      )
    }
  }

  private func loader(_ samples: [Sample]) throws(Diagnostic) -> SampleLoader {
    let hasImages = samples.contains { SampleFormat(path: $0.path) == .image }
    let preprocessing = hasImages ? try imagePreprocessing() : nil
    return try refusing { () throws(DataError) in
      try SampleLoader(samples, for: inputType, order: settings.order, preprocessing: preprocessing)
    }
  }

  private func refusing<Result>(_ body: () throws(DataError) -> Result) throws(Diagnostic) -> Result {
    do throws(DataError) {
      return try body()
    } catch {
      throw .refused(error.isAboutModel ? "\(model.path): \(error)" : "\(error)")
    }
  }
}

/// Samples with labels.
package struct LabelledData: Sendable {
  package let path: String
  package let loader: SampleLoader
  package let classes: [String]

  package var labels: [Int] { loader.samples.map { $0.label ?? 0 } }
  /// Whether classes are only numbers, as in a labels.csv of indices.
  package var hasNumberLabels: Bool { classes.allSatisfy { Int($0) != nil } }
}

extension SampleLoader {
  /// What to say where every sample asked for was unusable.
  func nothingReadable(_ path: String) -> Diagnostic {
    let first = problems.first.map { "; \($0.sample.name) \($0.reason)" } ?? ""
    return .refused("\(path): no sample could be used\(first)")
  }

  /// The samples that were left out, one line each.
  var skipped: [String] { problems.map { "\($0.sample.path): \($0.reason)" } }
}
