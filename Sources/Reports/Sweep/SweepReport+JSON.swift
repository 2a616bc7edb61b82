package import CanonicalJSON
import Metrics

extension SweepReport {
  /// As `docs/json.md` describes it.
  package var json: JSON {
    var fronts = JSONObject()
    for measure in Measure.allCases {
      let front = front(measure)
      if !front.isEmpty { fronts[measure.rawValue] = .strings(front.map { points[$0].name }) }
    }
    let accuracy = accuracy
    let first = points.lazy.compactMap { $0.bundle?.report }.first { $0.evaluationData != nil }
    return [
      "schema": .int(SweepReport.schema), "dermc": .string(dermc),
      "source": [
        "file": .string(source.file), "format": .string(source.format), "bytes": .int(source.bytes),
        "sha256": .string(source.sha256),
      ],
      "measured_on": [
        "data": .string(accuracy?.data.rawValue ?? ""), "samples": .int(accuracy?.samples ?? 0),
        "sha256": (first?.evaluationData?.sha256).map { .string($0) } ?? .null,
      ],
      "cost": .string(isDivergence ? "kl" : "squared_error"), "note": .string(SweepReport.note),
      "fronts": .object(fronts), "points": .array(points.map { json($0) }), "warnings": .strings(warnings),
    ]
  }

  private func json(_ point: Point) -> JSON {
    var members: JSONObject = ["name": .string(point.name), "options": .strings(point.options)]
    guard let bundle = point.bundle else {
      members["out_of_reach"] = .string(point.reason ?? "")
      return .object(members)
    }
    let accuracy = bundle.report.accuracy
    if let file = bundle.report.bundle {
      members["bundle"] = ["file": .string(file.file), "bytes": .int(file.bytes), "sha256": .string(file.sha256)]
      members["ratio"] = .finite(Double(source.bytes) / Double(max(1, file.bytes)))
    }
    members["cost"] = .estimate(bundle.cost)
    members["agreement"] = .estimate(accuracy?.agreement)
    if let compiled = accuracy?.compiled {
      members["top1"] = .finite(compiled.top1)
      members["macro_f1"] = .finite(compiled.macroF1)
      members["top1_change"] = .estimate(accuracy?.deltas?.top1)
      members["macro_f1_change"] = .estimate(accuracy?.deltas?.macroF1)
      members["recall"] = .array(
        accuracy?.recalls.map { recall in
          [
            "name": .string(recall.name), "support": .int(recall.support), "float": .finite(recall.float),
            "compiled": .finite(recall.compiled), "change": .estimate(recall.change),
          ]
        } ?? [])
    }
    members["warnings"] = .strings(warnings(of: point))
    if let latency = bundle.latency {
      members["latency"] = [
        "best_ms": .finite(1000 * latency.compiled.best), "median_ms": .finite(1000 * latency.compiled.median),
        "float_best_ms": .finite(1000 * latency.float.best), "float_median_ms": .finite(1000 * latency.float.median),
        "ratio": .finite(latency.ratio), "isa": .string(latency.instructionSet), "threads": 1,
      ]
    }
    return .object(members)
  }
}

extension AccuracyReport {
  /// The recall of a class in both models.
  struct Recall {
    let name: String
    /// Samples of the class.
    let support: Int
    let float: Double?
    let compiled: Double?
    let change: Estimate?
  }

  /// Of each class in the order of the model's outputs; none without labels.
  var recalls: [Recall] {
    (compiled?.perClass ?? []).map { after in
      let before = float?.perClass.first { $0.name == after.name }
      return Recall(
        name: after.name, support: after.support, float: before?.recall, compiled: after.recall,
        change: deltas?.perClass.first { $0.name == after.name }?.recall)
    }
  }
}
