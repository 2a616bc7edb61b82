package import Tensors

/// How far certainty can be relied on, of one model or of two on the same samples, with 95 % intervals.
package struct CertaintyComparison: Sendable, Equatable {
  package typealias Figures = [CertaintyMeasure: Estimate]

  /// One class's prediction sets.
  package struct Class: Sendable, Equatable {
    /// Samples of the class.
    package let samples: Int
    /// The share of them whose set holds it; nil where there are none.
    package let coverage: Estimate?
    package let setSize: Double?

    package init(samples: Int, coverage: Estimate?, setSize: Double?) {
      self.samples = samples
      self.coverage = coverage
      self.setSize = setSize
    }
  }

  /// What is known of one model.
  package struct Model: Sendable, Equatable {
    package var figures: Figures = [:]
    package var classes: [Class] = []
    /// How many sets have no class, one, two and so on.
    package var sizes: [Int] = []
    package var statedReliability: [ReliabilityBin] = []
    package var reliability: [ReliabilityBin] = []
    package var riskCoverage: [RiskCoverage.Point] = []

    package init() {}
  }

  package var samples: Int
  package var float: Model?
  package var compiled: Model
  /// Compiled less float, on the same draws; where these show no difference, what their number still allows.
  package var deltas: Figures

  package init(samples: Int, float: Model?, compiled: Model, deltas: Figures) {
    self.samples = samples
    self.float = float
    self.compiled = compiled
    self.deltas = deltas
  }

  /// - Parameter groups: which samples belong together. Without, shares of samples have Wilson's intervals; all else is
  ///   resampled.
  package init(
    float: CertaintyOutcomes?, compiled: CertaintyOutcomes, groups: SampleGroups?, bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    let measures = CertaintyMeasure.allCases
    if let float, float.sampleCount != compiled.sampleCount || float.classCount != compiled.classCount {
      throw .differentAnswers
    }
    try groups?.check(samples: compiled.sampleCount)
    let classes = Array(0..<compiled.classCount)
    let models = [compiled] + (float.map { [$0] } ?? [])
    let size = measures.count + classes.count
    let all = bootstrap.intervals(samples: compiled.sampleCount, groups: groups) { weights in
      let values = models.map { model in
        let values = model.values(weights: weights)
        return measures.map { values[$0] } + classes.map { model.coverage(ofClass: $0, weights: weights) }
      }
      let differences =
        values.count < 2
        ? []
        : zip(values[0], values[1]).map { after, before in
          after.flatMap { after in before.map { after - $0 } }
        }
      return values.flatMap { $0 } + differences
    }
    func figures(_ part: Int) -> Figures {
      var figures: Figures = [:]
      for (index, measure) in measures.enumerated() { figures[measure] = all[part * size + index] }
      return figures
    }
    func described(_ outcomes: CertaintyOutcomes, _ part: Int) -> Model {
      var model = Model()
      model.figures = figures(part)
      if groups == nil {
        for measure in measures { if let share = outcomes.wilson(measure) { model.figures[measure] = share } }
      }
      model.classes = classes.map { index in
        let counts = outcomes.counts(ofClass: index)
        guard counts.samples > 0 else { return Class(samples: 0, coverage: nil, setSize: nil) }
        let share = Estimate(share: counts.covered, of: counts.samples)
        return Class(
          samples: counts.samples, coverage: groups == nil ? share : all[part * size + measures.count + index],
          setSize: Double(counts.sizes) / Double(counts.samples))
      }
      model.sizes = outcomes.sizeCounts
      model.statedReliability = outcomes.statedReliability
      model.reliability = outcomes.reliability
      model.riskCoverage = outcomes.riskCoverage
      return model
    }
    self.init(
      samples: compiled.sampleCount, float: float.map { described($0, 1) }, compiled: described(compiled, 0),
      deltas: float == nil ? [:] : figures(2).mapValues { $0.widened(samples: groups?.count ?? compiled.sampleCount) })
  }
}
