package import CanonicalJSON
import Metrics
import Runtime

extension Report {
  /// The figures as numbers in objects, without lists: each has a path, such as `compiled.recall.mel`, as `dvc metrics`
  /// and experiment trackers want them. What is not known is left out.
  package var metrics: JSON {
    var members = JSONObject()
    if let bundle {
      members["bundle_bytes"] = .int(bundle.bytes)
      if bundle.bytes > 0 { members["ratio"] = .finite(Double(source.bytes) / Double(bundle.bytes)) }
    }
    members["parameters"] = .int(compiled.parameters)
    members["macs"] = .int(compiled.macs)
    if compiled.memory.memoryBytes > 0 { members["memory_bytes"] = .int(compiled.memory.memoryBytes) }
    if !layers.isEmpty { members["float_layers"] = .int(layers.count { $0.isFloat }) }
    if let accuracy {
      members["samples"] = .int(accuracy.samples)
      members.add("agreement", accuracy.agreement?.value)
      members.add("kl", accuracy.divergence)
      members.add("sqnr_db", accuracy.outputSQNR)
      if let float = accuracy.float { members["float"] = float.metrics(accuracy.binary?.float) }
      if let compiled = accuracy.compiled { members["compiled"] = compiled.metrics(accuracy.binary?.compiled) }
      if let deltas = accuracy.deltas { members["change"] = deltas.metrics }
    }
    if let explanations { members["explanations"] = explanations.metrics }
    if let uncertainty { members["uncertainty"] = uncertainty.metrics }
    return .object(members)
  }
}

extension ExplanationFidelity {
  fileprivate var metrics: JSON {
    var members: JSONObject = ["images": .int(all.images)]
    for measure in MapFidelity.Measure.allCases {
      members.add(measure.rawValue, all.means[measure]?.value)
      members.add("median_" + measure.rawValue, all.medians[measure]?.value)
      members.add("class_" + measure.rawValue, perClass.map { ($0.name, $0.measures.means[measure]?.value) })
    }
    return .object(members)
  }
}

extension ModelAccuracy {
  fileprivate func metrics(_ binary: BinaryFigures?) -> JSON {
    var members = JSONObject()
    for (name, value) in [
      ("top1", top1), ("macro_f1", macroF1), ("auc", auc), ("ece", ece), ("log_loss", logLoss), ("brier", brier),
      ("balanced_accuracy", balancedAccuracy),
    ] { members.add(name, value) }
    for (name, measure) in ClassAccuracy.measures {
      members.add(name, perClass.map { ($0.name, measure($0)) })
    }
    if let binary {
      var figures = JSONObject()
      for measure in BinaryMeasure.allCases { figures.add(measure.rawValue, binary.values[measure]) }
      members["binary"] = .object(figures)
    }
    return .object(members)
  }
}

extension ClassAccuracy {
  fileprivate static let measures: [(name: String, measure: @Sendable (ClassAccuracy) -> Double?)] = [
    ("recall", { $0.recall }), ("precision", { $0.precision }), ("specificity", { $0.specificity }),
    ("f1", { $0.f1 }), ("class_auc", { $0.auc }), ("average_precision", { $0.averagePrecision }),
    ("sensitivity_at_specificity", { $0.sensitivityAtSpecificity?.sensitivity }),
  ]
}

extension AccuracyEstimates {
  fileprivate var metrics: JSON {
    var members = JSONObject()
    members.add("top1", top1?.value)
    members.add("macro_f1", macroF1?.value)
    members.add("auc", auc?.value)
    members.add("balanced_accuracy", balancedAccuracy?.value)
    members.add("recall", perClass.map { ($0.name, $0.recall?.value) })
    members.add("specificity", perClass.map { ($0.name, $0.specificity?.value) })
    return .object(members)
  }
}

extension JSONObject {
  mutating func add(_ key: String, _ value: Double?) {
    if let value, value.isFinite { self[key] = .double(value) }
  }

  /// A number for each class that has one.
  mutating func add(_ key: String, _ values: [(name: String, value: Double?)]) {
    var members = JSONObject()
    for (name, value) in values { members.add(name, value) }
    if !members.isEmpty { self[key] = .object(members) }
  }
}
