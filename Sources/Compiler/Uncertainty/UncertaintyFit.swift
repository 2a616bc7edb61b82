import Answers
import DataSets
import Hashing
import Metrics
import Reports
import Tensors
import Texts

/// Fits how sure a model's answers are to be taken, on labelled samples that were kept for it.
struct UncertaintyFit {
  let uncertainty: Uncertainty
  /// What the threshold of confidence was found by; nil where none was asked for, or holds the risk.
  let threshold: RiskCoverage.Threshold?
  /// What of it promises less than one would think.
  let warnings: [String]

  /// - Parameters:
  ///   - runs: the model's outputs for the samples
  ///   - labels: the right class of each
  ///   - groups: whose samples they are; nil where nothing tells
  ///   - classes: names of the classes
  ///   - data: the identity of the samples' files
  ///   - features: of the samples; to be given where unlike images are told by them
  ///   - seed: of the choice of one sample a group
  ///   - split: how the samples were chosen; nil where they were a folder of their own
  /// - Throws: where a number is not finite or a label is no class
  init(
    _ settings: UncertaintySettings, _ decision: DecisionOutput, runs: [[Float]], labels: [Int],
    groups: SampleGroups?, classes: [String], data: Report.DataSummary, features: DistanceFit.Features? = nil,
    seed: UInt64, split: Uncertainty.Split? = nil
  ) throws(Refusal) {
    let meaning = decision.meaning
    let rows = runs.flatMap(decision.rows.rows)
    let answers = rows.map(meaning.answer)
    // For what it refuses.
    _ = try LabelledScores(
      Scores(
        outputs: rows, probabilities: answers.map(\.probabilities), predictions: answers.flatMap(\.decided)),
      labels: labels)
    let fit = TemperatureFit(logits: rows.map(meaning.logits), labels: labels)

    // Images of one lesion are answered alike; of as many lesions, one image each is exchangeable with one of another.
    let chosen = UncertaintyFit.onePerGroup(groups, count: rows.count, seed: seed)
    let own = chosen.map { labels[$0] }
    var sets = PredictionSets(settings.method, coverage: settings.coverage, thresholds: [nil])
    let scores = chosen.map { sets.scores(answers[$0].probabilities)[labels[$0]] }
    sets.thresholds =
      settings.isByClass
      ? ConformalThreshold.upper(scores, labels: own, classes: meaning.classCount, covering: settings.coverage)
      : [ConformalThreshold.upper(scores, covering: settings.coverage)]
    var uncertainty = Uncertainty(
      temperature: fit.temperature, sets: sets, samples: chosen.count, data: data.sha256)

    var threshold: RiskCoverage.Threshold?
    if let risk = settings.risk {
      let curve = RiskCoverage(
        confidences: chosen.map { answers[$0].confidence }, isRight: chosen.map { answers[$0].decided == [labels[$0]] })
      threshold = curve.threshold(risk: risk, certainty: settings.certainty)
      uncertainty.abstention = Uncertainty.Abstention(
        risk: risk, certainty: settings.certainty, threshold: threshold?.confidence)
    }
    var lacksEnergy = false
    var doubt: String?
    if let features {
      let fit = try DistanceFit(
        features, chosen: chosen, groups: groups, falseAlarms: settings.falseAlarms, seed: seed)
      (uncertainty.distance, doubt) = (fit.distance, fit.warning)
    } else if meaning.hasEnergy {
      let energies = chosen.map { meaning.energy(rows[$0]) }
      if let limit = ConformalThreshold.upper(energies, covering: 1 - settings.falseAlarms) {
        uncertainty.energy = Uncertainty.EnergyLimit(falseAlarms: settings.falseAlarms, threshold: limit)
      } else {
        lacksEnergy = true
      }
    }
    uncertainty.split = split
    self.uncertainty = uncertainty
    self.threshold = threshold
    warnings =
      UncertaintyFit.warnings(
        settings, uncertainty, isAtBound: fit.isAtBound, lacksEnergy: lacksEnergy, labels: own, classes: classes)
      + [doubt].compactMap(\.self)
  }

  /// One sample of each group, each equally likely, in rising order; all samples where there are no groups.
  static func onePerGroup(_ groups: SampleGroups?, count: Int, seed: UInt64) -> [Int] {
    guard let groups else { return Array(0..<count) }
    // The order of a shuffle says which sample of a group comes first.
    let order = SampleSelection.shuffled(count, seed: seed)
    var isTaken = [Bool](repeating: false, count: groups.count)
    var chosen: [Int] = []
    for sample in order where !isTaken[groups.indices[sample]] {
      isTaken[groups.indices[sample]] = true
      chosen.append(sample)
    }
    return chosen.sorted()
  }

  private static func warnings(
    _ settings: UncertaintySettings, _ uncertainty: Uncertainty, isAtBound: Bool, lacksEnergy: Bool, labels: [Int],
    classes: [String]
  ) -> [String] {
    var warnings: [String] = []
    let samples = Figures.count(labels.count, "sample")
    if isAtBound {
      warnings.append(
        "no temperature is best on the \(samples) probabilities are calibrated on (all are answered right, or no more "
          + "than by chance): \(uncertainty.temperature) is only the last that was tried")
    }
    let sets = uncertainty.sets
    let least = ConformalThreshold.leastSamples(covering: settings.coverage)
    let coverage = Figures.percent(settings.coverage)
    if sets.isByClass {
      let few = sets.thresholds.indices.filter { sets.thresholds[$0] == nil }
      if !few.isEmpty {
        let names = few.map { index in
          "\(Printable.name(classes.className(index), limit: 40)) (\(labels.count { $0 == index }))"
        }
        warnings.append(
          "too few samples of \(names.joined(separator: ", ")) for a coverage of \(coverage), which takes \(least): "
            + "every prediction set holds \(few.count == 1 ? "this class" : "these classes")")
      }
    } else if sets.thresholds == [nil] {
      warnings.append(
        "\(samples) are too few for a coverage of \(coverage), which takes \(least): every prediction set holds all "
          + "classes")
    }
    if let abstention = uncertainty.abstention, abstention.threshold == nil {
      warnings.append(
        "no confidence holds the share of wrong answers at \(Figures.percent(abstention.risk)), as far as \(samples) "
          + "tell with \(Figures.percent(abstention.certainty)) certainty: the model always abstains; give more samples "
          + "or a larger --max-risk")
    }
    if lacksEnergy {
      let least = ConformalThreshold.leastSamples(covering: 1 - settings.falseAlarms)
      warnings.append(
        "\(samples) are too few to tell unlike images at \(Figures.percent(settings.falseAlarms)) false alarms, which "
          + "takes \(least)")
    }
    return warnings
  }
}
