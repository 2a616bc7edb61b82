package import CanonicalJSON

extension AnalysisReport {
  /// As `docs/json.md` describes it.
  package var json: JSON {
    [
      "model": .string(model), "samples": .int(samples), "ranging_samples": .int(rangingSamples),
      "range": .string(estimator), "equalized_layers": .int(equalizedLayers),
      "is_divergence": .bool(isDivergence),
      "foretold": ["weights": weights.json, "values": values.json, "together": together.json],
      "measured": measured.json, "agreement": .finite(agreement), "advice": .strings(advice),
      "places": .array(places.map(\.json)),
    ]
  }
}

extension AnalysisReport.Cost {
  var json: JSON { ["mean": .finite(mean), "standard_error": .finite(standardError)] }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(mean: try node["mean"].double(), standardError: try node["standard_error"].double())
  }
}

extension AnalysisReport.Place {
  fileprivate var json: JSON {
    [
      "name": .string(name), "op": .string(op), "kind": .string(kind.rawValue), "foretold": foretold?.json ?? .null,
      "foretold_up_to": .finite(foretoldUpTo), "measured": measured?.json ?? .null, "reason": .string(reason),
      "layers": .strings(layers), "extra_bytes": .int(extraBytes),
    ]
  }
}
