package import CanonicalJSON

extension Evaluation {
  /// Confusion matrices of more classes are left out of JSON: nobody reads them, and they grow with the square.
  private static let confusionLimit = 64

  /// Fractions, null where a measure is not defined.
  package var json: JSON {
    var members: JSONObject = [
      "samples": .int(samples), "top1": .double(top1), "macro_f1": .double(macroF1), "auc": .finite(auc),
      "ece": .double(ece), "log_loss": .double(logLoss), "brier": .double(brier),
      "per_class": .array(classes.map(\.json)),
    ]
    if classes.count <= Self.confusionLimit { members["confusion"] = .array(confusion.map { .ints($0) }) }
    return .object(members)
  }
}

extension Evaluation.ClassMeasures {
  var json: JSON {
    [
      "name": .string(name), "support": .int(support), "precision": .finite(precision), "recall": .finite(recall),
      "f1": .finite(f1), "auc": .finite(auc),
    ]
  }
}

extension ConfidenceInterval {
  package var json: JSON { ["value": .double(value), "low": .double(low), "high": .double(high)] }
}

extension Comparison {
  /// Without labels `float`, `compiled`, `deltas` and `mcnemar_p` are left out. `sqnr_db` is null where the scores are
  /// equal.
  package var json: JSON {
    var members: JSONObject = [
      "samples": .int(samples), "agreement": .double(divergence.agreement),
      "agreement_interval": agreement?.json ?? .null,
      "kl": .finite(divergence.kl), "sqnr_db": .finite(divergence.distance.sqnr),
      "cosine": .finite(divergence.distance.cosine),
      "max_relative_error": .finite(divergence.distance.maximumRelativeError),
    ]
    if let labelled {
      members["float"] = labelled.float.json
      members["compiled"] = labelled.compiled.json
      members["deltas"] = labelled.deltas.json
      members["mcnemar_p"] = .double(labelled.mcNemarP)
    }
    return .object(members)
  }
}

extension MeasureIntervals {
  package var json: JSON {
    [
      "top1": top1?.json ?? .null, "macro_f1": macroF1?.json ?? .null, "auc": auc?.json ?? .null,
      "per_class": .array(
        classes.map {
          [
            "name": .string($0.name), "precision": $0.precision?.json ?? .null, "recall": $0.recall?.json ?? .null,
            "auc": $0.auc?.json ?? .null,
          ]
        }),
    ]
  }
}
