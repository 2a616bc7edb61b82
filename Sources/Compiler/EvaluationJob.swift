package import CanonicalJSON
import DataSets
import Metrics
import Reports
import Runtime

/// What `dermc eval` does: scores on labelled data, and the metrics of one model or the comparison of two.
package struct EvaluationJob {
  private let settings: DataSettings
  private let threads: Int

  package init(settings: DataSettings, threads: Int) {
    self.settings = settings
    self.threads = threads
  }

  package struct Result {
    package let json: JSON
    package let text: String
    /// Samples that could not be read.
    package let problems: [String]
  }

  package func run(_ model: LoadedModel, against other: LoadedModel?, data path: String) throws(Diagnostic) -> Result {
    // A model without preprocessing of its own is fed as the other one is.
    let stored = model.preprocessing ?? other?.preprocessing
    let names = settings.labels ?? model.labels ?? other?.labels
    let binding = try DataBinding(model, settings: settings, preprocessing: stored, labels: names)
    let data = try binding.labelled(at: path)
    let samples = Array(data.loader.samples.indices)
    let scores = Inference.run(
      try Preparation.plan(Preparation.executable(model)), on: data.loader, samples: samples, threads: threads)
    var used = samples.filter { scores[$0] != nil }
    var reference: [[Float]?] = []
    if let other {
      let binding = try DataBinding(
        other, settings: settings, preprocessing: other.preprocessing ?? stored, labels: names)
      let loader = try binding.labelled(at: path).loader
      reference = Inference.run(
        try Preparation.plan(Preparation.executable(other)), on: loader, samples: samples, threads: threads)
      used = used.filter { reference[$0] != nil }
    }
    guard !used.isEmpty else {
      throw .refused(
        "\(path): no sample could be read; \(data.loader.problems.first.map { "\($0.sample.name): \($0.reason)" } ?? "")"
      )
    }
    let labels = used.map { data.labels[$0] }
    let evaluation = try AccuracyMeasure.single(used.compactMap { scores[$0] }, labels: labels, classes: data.classes)
    let problems = data.loader.problems.map { "\($0.sample.path): \($0.reason)" }
    guard other != nil else {
      return Result(
        json: evaluation.json, text: EvaluationText.make(ModelAccuracy(evaluation), samples: used.count),
        problems: problems)
    }
    let accuracy = try AccuracyMeasure.labelled(
      float: used.compactMap { reference[$0] }, compiled: used.compactMap { scores[$0] }, labels: labels,
      classes: data.classes)
    var object = JSONObject()
    if case .object(let own) = evaluation.json { object = own }
    object["agreement"] = .double(accuracy.agreement?.value ?? 0)
    object["comparison"] = accuracy.json
    return Result(json: .object(object), text: EvaluationText.make(accuracy), problems: problems)
  }
}
