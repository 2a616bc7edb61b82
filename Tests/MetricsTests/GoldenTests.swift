import CanonicalJSON
import Tensors
import Testing

@testable import Metrics

/// Synthetic answers measured by scikit-learn, with intervals by a script that shares nothing with this package:
/// fixtures/tools/reference_metrics.py.
@Suite struct GoldenTests {
  private static let casesOfKinds = ["multiclass": 4, "binary": 2, "multilabel": 2]

  private static func cases(_ kind: String) throws -> [JSONNode] {
    let folder = #filePath.prefix(through: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)
    let file = try MappedFile(path: folder + "Goldens/measures.json")
    let json = try JSON(parsing: file.withBytes(Array.init))
    let found = try JSONNode(json, name: "measures.json").elements()
      .filter { try $0["kind"].string() == kind }
    #expect(found.count == casesOfKinds[kind])
    return found
  }

  private static func groups(_ node: JSONNode) throws -> SampleGroups? {
    try node.optional("groups").map { SampleGroups("lesion", of: try $0.ints().map { "\($0)" }) }
  }

  private static func bootstrap(_ node: JSONNode) throws -> Bootstrap {
    Bootstrap(resamples: try node["resamples"].int(), seed: UInt64(try node["seed"].int()))
  }

  /// Every figure of `expected` is here and equal, and there is no other.
  private func expect(_ figures: [String: Double?], _ expected: JSONNode, _ what: String) throws {
    let members = try expected.members()
    #expect(Set(members.map(\.key)) == Set(figures.keys), "\(what)")
    for (key, node) in members {
      let figure = try #require(figures[key], "\(what): \(key)")
      if node.value == .null {
        #expect(figure == nil, "\(what): \(key)")
      } else {
        let figure = try #require(figure, "\(what): \(key)")
        #expect(abs(figure - (try node.double())) <= 1e-9, "\(what): \(key)")
      }
    }
  }

  private func expect(_ intervals: [String: Estimate?], _ expected: JSONNode, _ what: String) throws {
    for (end, place) in [(\Estimate.low, 0), (\Estimate.high, 1)] {
      var ends = JSONObject()
      for (key, node) in try expected.members() {
        ends[key] = node.value == .null ? .null : .double(try node.doubles()[place])
      }
      try expect(
        intervals.mapValues { $0.flatMap { $0[keyPath: end] } }, JSONNode(.object(ends), name: "intervals"),
        "\(what), end \(place)")
    }
  }

  // MARK: Classes

  private func scores(_ node: JSONNode, _ model: String) throws -> Scores {
    let rows = try node["scores"][model].elements().map { try $0.doubles() }
    return try Scores(
      outputs: rows.map { $0.map { Float($0) } }, probabilities: rows.map { $0.map { $0 / 1024 } },
      predictions: try node["decisions"][model].ints())
  }

  private func figures(_ evaluation: ModelAccuracy) -> [String: Double?] {
    var figures: [String: Double?] = [
      "top1": evaluation.top1, "macro_f1": evaluation.macroF1, "balanced_accuracy": evaluation.balancedAccuracy,
      "log_loss": evaluation.logLoss, "brier": evaluation.brier, "auc": evaluation.auc,
    ]
    for (index, measures) in evaluation.perClass.enumerated() {
      let own: [String: Double?] = [
        "precision": measures.precision, "recall": measures.recall, "f1": measures.f1, "auc": measures.auc,
        "specificity": measures.specificity, "average_precision": measures.averagePrecision,
        "sensitivity_at_specificity": measures.sensitivityAtSpecificity?.sensitivity,
      ]
      for (name, value) in own { figures.updateValue(value, forKey: "\(index).\(name)") }
    }
    return figures
  }

  @Test func classesAreMeasuredAsByScikitLearn() throws {
    for node in try Self.cases("multiclass") {
      let name = try node["name"].string()
      var specificities: [Int: Double] = [:]
      for (key, target) in try node["specificities"].members() {
        specificities[try #require(Int(key))] = try target.double()
      }
      let (float, compiled) = (try scores(node, "float"), try scores(node, "compiled"))
      let comparison = try Comparison(
        float: float, compiled: compiled, labels: try node["labels"].ints(),
        classNames: (0..<float.classCount).map { "\($0)" }, specificities: specificities,
        groups: try Self.groups(node), bootstrap: try Self.bootstrap(node))
      let labelled = try #require(comparison.labelled)
      try expect(figures(labelled.float), node["measures"]["float"], name)
      try expect(figures(labelled.compiled), node["measures"]["compiled"], name)
      #expect(abs(comparison.divergence.kl - (try node["kl"].double())) <= 1e-9)

      var intervals: [String: Estimate?] = [
        "agreement": comparison.agreement, "top1": labelled.deltas.top1, "macro_f1": labelled.deltas.macroF1,
        "auc": labelled.deltas.auc, "balanced_accuracy": labelled.deltas.balancedAccuracy,
      ]
      for (index, deltas) in labelled.deltas.perClass.enumerated() {
        let own: [String: Estimate?] = [
          "precision": deltas.precision, "recall": deltas.recall, "auc": deltas.auc,
          "specificity": deltas.specificity, "sensitivity_at_specificity": deltas.sensitivityAtSpecificity,
        ]
        for (name, interval) in own { intervals.updateValue(interval, forKey: "\(index).\(name)") }
      }
      // Of these no intervals are given.
      var expected = JSONObject()
      for (key, interval) in try node["intervals"].members()
      where !["log_loss", "brier"].contains(key) && !key.hasSuffix(".f1") && !key.hasSuffix("average_precision") {
        expected[key] = interval.value
      }
      try expect(intervals, JSONNode(.object(expected), name: "intervals"), name)
    }
  }

  // MARK: A positive class

  private func figures(_ values: [BinaryMeasure: Double], _ prefix: String = "") -> [String: Double?] {
    var figures: [String: Double?] = [:]
    for measure in BinaryMeasure.allCases { figures.updateValue(values[measure], forKey: prefix + measure.rawValue) }
    return figures
  }

  private func figures(
    _ values: [BinaryMeasure: Estimate], _ prefix: String = ""
  ) -> [String: Estimate?] {
    var figures: [String: Estimate?] = [:]
    for measure in BinaryMeasure.allCases { figures.updateValue(values[measure], forKey: prefix + measure.rawValue) }
    return figures
  }

  private func expect(_ points: [OperatingCurve.Point], _ expected: JSONNode) throws {
    let (x, y) = (try expected.elements()[0].doubles(), try expected.elements()[1].doubles())
    #expect(points.count == x.count)
    for (point, (x, y)) in zip(points, zip(x, y)) {
      #expect(abs(point.x - x) <= 1e-9)
      #expect(abs(point.y - y) <= 1e-9)
    }
  }

  @Test func aPositiveClassIsMeasuredAsByScikitLearn() throws {
    for node in try Self.cases("binary") {
      let name = try node["name"].string()
      let labels = try node["labels"].elements().map { try $0.bool() }
      let threshold = try node["threshold"].double()
      func outcomes(_ model: String) throws -> BinaryOutcomes {
        let scores = try node["scores"][model].doubles()
        return try BinaryOutcomes(
          isPositive: labels, probabilities: scores.map { $0 / 1024 }, decisions: scores.map { $0 >= threshold })
      }
      let models = ["float": try outcomes("float"), "compiled": try outcomes("compiled")]
      let comparison = try BinaryComparison(
        float: models["float"], compiled: try outcomes("compiled"), groups: try Self.groups(node),
        bootstrap: try Self.bootstrap(node))
      try expect(figures(comparison.compiled.values), node["measures"]["compiled"], name)
      try expect(figures(try #require(comparison.float).values), node["measures"]["float"], name)
      try expect(
        figures(comparison.intervals).merging(figures(comparison.deltas, "delta.")) { $1 }, node["intervals"], name)

      for (model, outcomes) in models {
        let expected = try node["thresholds"][model]
        func choose(_ choice: ThresholdChoice) -> Double? {
          choice.threshold(isPositive: labels, probabilities: outcomes.probabilities)
        }
        #expect(choose(.sensitivity(0.95)) == (try expected["sensitivity"].double()))
        #expect(choose(.youden) == (try expected["youden"].double()))

        let curve = OperatingCurve(isPositive: labels, probabilities: outcomes.probabilities)
        let curves = try node["curves"][model]
        try expect(curve.precisionRecall(), curves["precision_recall"])
        // scikit-learn keeps points on a straight line where steps are not equal.
        let x = try curves["roc"].elements()[0].doubles()
        let y = try curves["roc"].elements()[1].doubles()
        let roc = curve.roc()
        for point in roc {
          let isThere = zip(x, y).contains { x, y in abs(x - point.x) <= 1e-9 && abs(y - point.y) <= 1e-9 }
          #expect(isThere)
        }
        #expect(abs(roc.area - (try #require(outcomes.measures.rocAUC))) <= 1e-9)

        let bins = ReliabilityBin.bins(outcomes.probabilities, isRight: labels).filter { $0.count > 0 }
        let reliability = try curves["reliability"].elements()
        #expect(bins.count == (try reliability[0].doubles().count))
        for (bin, (stated, right)) in zip(bins, zip(try reliability[0].doubles(), try reliability[1].doubles())) {
          #expect(abs(try #require(bin.confidence) - stated) <= 1e-9)
          #expect(abs(try #require(bin.right) - right) <= 1e-9)
        }
      }
    }
  }

  // MARK: Labels

  /// What `part` has of each label, of their means and of all together, and the two figures of whole sets.
  private func figures<Value>(
    _ comparison: MultiLabelComparison, _ prefix: String = "", _ part: (BinaryComparison) -> [BinaryMeasure: Value]
  ) -> [String: Value?] {
    var figures: [String: Value?] = [:]
    let labels = comparison.labels.enumerated().map { ("\($0.offset).", $0.element.measures) }
    for (name, measures) in labels + [("macro.", comparison.macro), ("micro.", comparison.micro)] {
      let values = measures.map(part) ?? [:]
      for measure in BinaryMeasure.allCases {
        figures.updateValue(values[measure], forKey: prefix + name + measure.rawValue)
      }
    }
    return figures
  }

  /// A model's figures of whole sets of labels beside the others.
  private func figures(
    _ comparison: MultiLabelComparison, _ part: (BinaryComparison) -> BinaryFigures?,
    _ whole: (MultiLabelComparison.Figure) -> Double?
  ) -> [String: Double?] {
    figures(comparison) { part($0)?.values ?? [:] }.merging([
      "exact_match": comparison.exactMatch.flatMap(whole), "hamming_loss": comparison.hammingLoss.flatMap(whole),
    ]) { $1 }
  }

  @Test func labelsAreMeasuredAsByScikitLearn() throws {
    for node in try Self.cases("multilabel") {
      let name = try node["name"].string()
      let truth = try node["labels"].elements().map { try $0.elements().map { try $0.bool() } }
      let thresholds = try node["thresholds"].doubles()
      func scores(_ model: String) throws -> MultiLabelScores {
        let rows = try node["scores"][model].elements().map { try $0.doubles() }
        return try MultiLabelScores(
          outputs: rows.map { $0.map { Float($0) } }, probabilities: rows.map { $0.map { $0 / 1024 } },
          decisions: rows.map { zip($0, thresholds).map { $0 >= $1 } })
      }
      let (float, compiled) = (try scores("float"), try scores("compiled"))
      let (groups, bootstrap) = (try Self.groups(node), try Self.bootstrap(node))
      let comparison = try MultiLabelComparison(
        thresholds.indices.map { "\($0)" }, float: MultiLabelOutcomes(float, truth: truth),
        compiled: MultiLabelOutcomes(compiled, truth: truth), groups: groups, bootstrap: bootstrap)
      let divergence = try MultiLabelDivergence(of: compiled, from: float, groups: groups, bootstrap: bootstrap)
      try expect(figures(comparison, \.float, \.float), node["measures"]["float"], name)
      try expect(figures(comparison, \.compiled, \.compiled), node["measures"]["compiled"], name)
      #expect(abs(divergence.kl - (try node["kl"].double())) <= 1e-9)
      var intervals = figures(comparison, "", \.intervals).merging(figures(comparison, "delta.", \.deltas)) { $1 }
      intervals["delta.exact_match"] = comparison.exactMatch?.delta
      intervals["delta.hamming_loss"] = comparison.hammingLoss?.delta
      intervals["agreement"] = divergence.agreement
      for (label, agreement) in divergence.labels.enumerated() { intervals["\(label).agreement"] = agreement }
      // Of whole sets only differences have intervals.
      var expected = JSONObject()
      for (key, interval) in try node["intervals"].members() where !["exact_match", "hamming_loss"].contains(key) {
        expected[key] = interval.value
      }
      try expect(intervals, JSONNode(.object(expected), name: "intervals"), name)
    }
  }
}
