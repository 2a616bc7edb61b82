import Testing

@testable import Metrics

/// A subgroup is measured as a data set of its own would be: the same figures, the same draws.
@Suite struct SubgroupTests {
  private static let count = 60
  private static let bootstrap = Bootstrap(resamples: 60, seed: 2)
  private static let column = SubgroupColumn("site", values: (0..<count).map { ["arm", "leg", nil][$0 % 7 % 3] })
  private static let groups = SampleGroups("lesion_id", of: (0..<count).map { "\($0 * 7 % 25)" })

  /// Numbers below a bound, the same in every run.
  private func draw(_ seed: UInt64, below bound: Int) -> [Int] {
    var generator = SeededGenerator(seed: seed)
    return (0..<Self.count).map { _ in generator.next(below: bound) }
  }

  @Test func classesAreMeasuredAsByThemselves() throws {
    let (truth, before, after) = (draw(1, below: 3), draw(2, below: 3), draw(3, below: 3))
    func decided(_ decisions: [Int]) -> DecidedSamples { .classes(truth: truth, decisions: decisions, count: 3) }
    let subgroups = try Subgroup.all(
      [Self.column], float: decided(before), compiled: decided(after), samples: Self.count, groups: Self.groups,
      bootstrap: Self.bootstrap)
    #expect(Set(subgroups.map(\.value)) == ["arm", "leg", nil])
    #expect(subgroups.map { $0.worstDelta ?? 1 } == subgroups.map { $0.worstDelta ?? 1 }.sorted())
    for subgroup in subgroups {
      let samples = (0..<Self.count).filter { Self.column.values[$0] == subgroup.value }
      func scores(_ decisions: [Int]) throws -> Scores {
        try Scores(
          outputs: samples.map { _ in [0] }, probabilities: samples.map { _ in [0.5, 0.25, 0.25] },
          predictions: samples.map { decisions[$0] })
      }
      let comparison = try Comparison(
        float: scores(before), compiled: scores(after), labels: samples.map { truth[$0] },
        classNames: ["a", "b", "c"], groups: Self.groups.subset(samples), bootstrap: Self.bootstrap)
      let labelled = try #require(comparison.labelled)
      #expect(subgroup.samples == samples.count)
      #expect(subgroup.groups == Set(samples.map { $0 * 7 % 25 }).count)
      #expect(subgroup.figures.map(\.measure) == ["top1", "balanced_accuracy"])
      #expect(subgroup.figures.map(\.float) == [labelled.float.top1, labelled.float.balancedAccuracy])
      #expect(subgroup.figures.map(\.compiled) == [labelled.compiled.top1, labelled.compiled.balancedAccuracy])
      #expect(subgroup.figures.map(\.delta) == [labelled.deltas.top1, labelled.deltas.balancedAccuracy])
    }
  }

  @Test func aPositiveClassIsMeasuredAsByItself() throws {
    let truth = draw(4, below: 3).map { $0 == 0 }
    let (before, after) = (draw(5, below: 2).map { $0 == 0 }, draw(6, below: 2).map { $0 == 0 })
    let subgroups = try Subgroup.all(
      [Self.column], float: .binary(truth: truth, decisions: before),
      compiled: .binary(truth: truth, decisions: after), samples: Self.count, bootstrap: Self.bootstrap)
    for subgroup in subgroups {
      let samples = (0..<Self.count).filter { Self.column.values[$0] == subgroup.value }
      func outcomes(_ decisions: [Bool]) throws -> BinaryOutcomes {
        try BinaryOutcomes(
          isPositive: samples.map { truth[$0] }, probabilities: samples.map { _ in 0.5 },
          decisions: samples.map { decisions[$0] })
      }
      let comparison = try BinaryComparison(
        float: outcomes(before), compiled: outcomes(after), bootstrap: Self.bootstrap)
      #expect(subgroup.groups == nil)
      let (model, deltas) = (comparison.compiled, comparison.deltas)
      #expect(subgroup.figures.map(\.compiled) == [model.values[.sensitivity], model.values[.specificity]])
      #expect(subgroup.figures.map(\.delta) == [deltas[.sensitivity], deltas[.specificity]])
    }
  }

  @Test func whatNoSampleChangedIsNotCertain() throws {
    let truth = draw(4, below: 3).map { $0 == 0 }
    let same = DecidedSamples.binary(truth: truth, decisions: draw(5, below: 2).map { $0 == 0 })
    let subgroups = try Subgroup.all(
      [Self.column], float: same, compiled: same, samples: Self.count, bootstrap: Self.bootstrap)
    for subgroup in subgroups {
      let positives = (0..<Self.count).count { Self.column.values[$0] == subgroup.value && truth[$0] }
      let margin = min(1, 3 / Double(positives))
      #expect(subgroup.figures[0].delta == Estimate(0, low: -margin, high: margin))
    }
  }

  @Test func labelsAreMeasuredAsByThemselves() throws {
    func rows(_ seed: UInt64) -> [[Bool]] {
      zip(draw(seed, below: 2), draw(seed + 1, below: 3)).map { [$0 == 0, $1 == 0] }
    }
    let (truth, before, after) = (rows(10), rows(20), rows(30))
    let subgroups = try Subgroup.all(
      [Self.column], float: .labels(truth: truth, decisions: before),
      compiled: .labels(truth: truth, decisions: after), samples: Self.count, groups: Self.groups,
      bootstrap: Self.bootstrap)
    for subgroup in subgroups {
      let samples = (0..<Self.count).filter { Self.column.values[$0] == subgroup.value }
      func outcomes(_ decisions: [[Bool]]) throws -> MultiLabelOutcomes {
        try MultiLabelOutcomes(
          MultiLabelScores(
            outputs: samples.map { _ in [0] }, probabilities: samples.map { _ in [0.5, 0.5] },
            decisions: samples.map { decisions[$0] }), truth: samples.map { truth[$0] })
      }
      let comparison = try MultiLabelComparison(
        ["a", "b"], float: outcomes(before), compiled: outcomes(after), groups: Self.groups.subset(samples),
        bootstrap: Self.bootstrap)
      #expect(subgroup.figures.map(\.measure) == ["macro_f1"])
      #expect(subgroup.figures[0].float == comparison.macro?.float?.values[.f1])
      #expect(subgroup.figures[0].delta == comparison.macro?.deltas[.f1])
    }
  }
}
