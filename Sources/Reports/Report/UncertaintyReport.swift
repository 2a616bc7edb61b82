package import CanonicalJSON
package import Metrics

/// How sure answers are to be taken, and how that proved on the evaluation data.
package struct UncertaintyReport: Sendable, Equatable {
  /// What was fitted, as the bundle stores it, but for the many numbers that distances are measured by.
  package var fitted: JSON
  /// The same of the float model, on its own outputs; null where it was not asked.
  package var floatFitted: JSON = .null
  /// The samples it was fitted on.
  package var data: Report.DataSummary
  /// Nil where there were no evaluation data.
  package var measured: CertaintyComparison?
  /// Names of the classes of `measured`.
  package var classes: [String] = []

  package init(fitted: JSON, data: Report.DataSummary) {
    self.fitted = fitted
    self.data = data
  }
}

extension UncertaintyReport {
  /// As reports write it.
  package var json: JSON {
    var object: JSONObject = ["fitted": fitted, "float_fitted": floatFitted, "data": data.json]
    if let measured {
      object["samples"] = .int(measured.samples)
      object["compiled"] = json(measured.compiled)
      object["float"] = measured.float.map(json) ?? .null
      object["deltas"] = UncertaintyReport.json(measured.deltas)
    }
    return .object(object)
  }

  private static func json(_ figures: CertaintyComparison.Figures) -> JSON {
    var object = JSONObject()
    for measure in CertaintyMeasure.allCases { object[measure.rawValue] = .estimate(figures[measure]) }
    return .object(object)
  }

  private func json(_ model: CertaintyComparison.Model) -> JSON {
    guard case .object(var object) = UncertaintyReport.json(model.figures) else { return .null }
    object["set_sizes"] = .ints(model.sizes)
    object["per_class"] = .array(
      model.classes.enumerated().map { index, entry in
        [
          "name": .string(classes.indices.contains(index) ? classes[index] : "\(index)"),
          "samples": .int(entry.samples),
          "coverage": .estimate(entry.coverage), "mean_set_size": .finite(entry.setSize),
        ]
      })
    object["stated_reliability"] = .array(model.statedReliability.map(\.json))
    object["reliability"] = .array(model.reliability.map(\.json))
    object["risk_coverage"] = .array(
      model.riskCoverage.map {
        ["coverage": .double($0.coverage), "risk": .double($0.risk), "confidence": .double($0.confidence)]
      })
    return .object(object)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(fitted: try node["fitted"].value, data: try Report.DataSummary(node["data"]))
    floatFitted = try node.optional("float_fitted")?.value ?? .null
    guard let compiled = try node.optional("compiled") else { return }
    for element in try compiled.elements(of: "per_class") { classes.append(try element["name"].string()) }
    measured = CertaintyComparison(
      samples: try node.count("samples"),
      float: try node.optional("float").map { (node) throws(JSONError) in try UncertaintyReport.model(node) },
      compiled: try UncertaintyReport.model(compiled),
      deltas: try node.optional("deltas").map { (node) throws(JSONError) in try UncertaintyReport.figures(node) } ?? [:]
    )
  }

  private static func figures(_ node: JSONNode) throws(JSONError) -> CertaintyComparison.Figures {
    var figures: CertaintyComparison.Figures = [:]
    for measure in CertaintyMeasure.allCases { figures[measure] = try node.estimate(measure.rawValue) }
    return figures
  }

  private static func model(_ node: JSONNode) throws(JSONError) -> CertaintyComparison.Model {
    var model = CertaintyComparison.Model()
    model.figures = try figures(node)
    model.sizes = try node.optional("set_sizes")?.ints(in: JSONNode.counts) ?? []
    for element in try node.elements(of: "per_class") {
      model.classes.append(
        CertaintyComparison.Class(
          samples: try element.count("samples"), coverage: try element.estimate("coverage"),
          setSize: try element.optional("mean_set_size")?.double()))
    }
    for element in try node.elements(of: "stated_reliability") {
      model.statedReliability.append(try ReliabilityBin(element))
    }
    for element in try node.elements(of: "reliability") { model.reliability.append(try ReliabilityBin(element)) }
    for element in try node.elements(of: "risk_coverage") {
      model.riskCoverage.append(
        RiskCoverage.Point(
          coverage: try element["coverage"].double(), risk: try element["risk"].double(),
          confidence: try element["confidence"].double()))
    }
    return model
  }
}

extension UncertaintyReport {
  /// A fitted number by its path.
  private func number(_ path: String...) -> Double? {
    var value: JSON? = fitted
    for name in path { value = value?[name] }
    guard case .double(let number)? = value else { return nil }
    return number
  }

  var temperature: Double? { number("temperature") }
  var coverage: Double? { number("sets", "coverage") }
  var risk: Double? { number("abstention", "risk") }
  var certainty: Double? { number("abstention", "certainty") }
  /// From which confidence on answers are given; nil where all are, or none.
  var threshold: Double? { number("abstention", "threshold") }
  var falseAlarms: Double? { number("energy", "false_alarms") ?? number("distance", "false_alarms") }

  /// Whether unlike images are told by their features rather than by energy.
  var tellsDistance: Bool { fitted["distance"] != nil }

  /// Whether the samples fitted on were a share of the folder whose others were reported on.
  var isSplit: Bool { fitted["split"] != nil }

  /// How sets are made: `lac`.
  var method: String? {
    guard case .string(let method)? = fitted["sets"]?["method"] else { return nil }
    return method
  }
}
