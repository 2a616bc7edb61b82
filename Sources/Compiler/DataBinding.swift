package import CanonicalJSON
package import DataSets
import IR
package import Images
import Tensors

/// How data reach a model: its input, the preprocessing of images and the names of its classes.
package struct DataBinding: Sendable {
  package let model: LoadedModel
  /// Nil for a model whose input is not an image.
  package let preprocessing: Preprocessing?
  package let labels: [String]?
  private let order: ModelInput.Order?

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
    guard model.graph.inputs.count == 1 else {
      throw .refused(
        "\(model.path): has \(model.graph.inputs.count) inputs, dermc compiles models with one")
    }
    var input: ModelInput?
    do throws(DataError) {
      input = try ModelInput(model.graph.type(of: model.graph.inputs[0]), order: settings.order)
    } catch {
      if settings.describesPreprocessing { throw .refused("\(model.path): \(error)") }
    }
    order = settings.order
    preprocessing = try input.map { input throws(Diagnostic) in
      try settings.preprocessing(for: input, stored: stored)
    }
    self.labels = labels
    if let labels, let outputs = classCount, labels.count != outputs {
      throw .refused("\(labels.count) class names are given, the model has \(outputs) outputs")
    }
  }

  /// How many classes the first output has.
  package var classCount: Int? {
    model.graph.outputs.first.map { output in model.graph.type(of: output).shape.dropFirst().reduce(1, *) }
  }

  /// A loader of the samples below a folder, without labels.
  package func unlabelled(at path: String) throws(Diagnostic) -> SampleLoader {
    try refusing { () throws(DataError) in try loader(SampleFolder.samples(at: path)) }
  }

  /// A loader of labelled samples and the class names in the model's order.
  package func labelled(at path: String) throws(Diagnostic) -> LabelledData {
    let data = try refusing { () throws(DataError) in
      let (samples, classes) = try SampleFolder.labelled(at: path, classes: labels)
      return LabelledData(loader: try loader(samples), classes: classes)
    }
    if let outputs = classCount {
      guard data.classes.count <= outputs else {
        throw .refused("\(path): has \(data.classes.count) classes, the model has \(outputs) outputs")
      }
      if labels == nil, data.classes.count < outputs, !data.hasNumberLabels {
        throw .refused(
          "\(path): has \(data.classes.count) class folders, the model has \(outputs) outputs; name all classes in order with --labels FILE"
        )
      }
    }
    return data
  }

  private func loader(_ samples: [Sample]) throws(DataError) -> SampleLoader {
    try SampleLoader(
      samples, for: model.graph.type(of: model.graph.inputs[0]), order: order, preprocessing: preprocessing)
  }

  private func refusing<Result>(_ body: () throws(DataError) -> Result) throws(Diagnostic) -> Result {
    do throws(DataError) { return try body() } catch { throw .refused("\(error)") }
  }
}

/// Samples with labels.
package struct LabelledData: Sendable {
  package let loader: SampleLoader
  package let classes: [String]

  package var labels: [Int] { loader.samples.map { $0.label ?? 0 } }
  /// Whether classes are only numbers, as in a labels.csv of indices.
  package var hasNumberLabels: Bool { classes.allSatisfy { Int($0) != nil } }
}
