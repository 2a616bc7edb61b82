import Answers
import DataSets
import IR
import Images
import Metrics
import Reports
import Tensors

extension Suspicions.Evidence {
  /// Samples that are looked at for how inputs fit the model's first BatchNormalization.
  private static let probedSamples = 16

  /// What is known before a model runs: how its inputs are made, and whether they fit.
  ///
  /// - Parameter samples: of the loader's
  init(
    _ model: LoadedModel, _ preprocessing: Preprocessing?, _ loader: SampleLoader, samples: [Int], threads: Int
  ) throws(Refusal) {
    self.init()
    self.preprocessing = preprocessing
    // Where there are others, the part before the normalisation may not be what they come to.
    guard model.graph.inputs.count == 1, let probe = try NormalizationProbe(model.graph) else { return }
    let count = min(Suspicions.Evidence.probedSamples, samples.count)
    normalization = probe.fit(
      loader, samples: (0..<count).map { samples[$0 * samples.count / count] }, threads: threads)
  }

  /// Adds what the model's answers tell.
  ///
  /// - Parameters:
  ///   - runs: its output of each run
  ///   - accuracy: with labels; nil without
  mutating func add(
    _ decision: DecisionOutput, runs: [[Float]], accuracy: AccuracyReport?, classes: [String]
  ) {
    meaning = decision.meaning
    outputs = runs.flatMap(decision.rows.rows)
    self.classes = classes
    guard let accuracy, let model = accuracy.float ?? accuracy.compiled else { return }
    confusion = model.confusion.isEmpty ? nil : model.confusion
    support = model.perClass.map(\.support)
    let measures = accuracy.binary ?? accuracy.multilabel?.macro
    if let interval = measures?.intervals[.rocAUC] {
      // The float model's area, as uncertain as that of the compiled one on the same samples.
      let shift = (measures?.float?.values[.rocAUC] ?? interval.value) - interval.value
      auc = Estimate(
        interval.value + shift, low: interval.low.map { $0 + shift }, high: interval.high.map { $0 + shift })
    }
  }
}
