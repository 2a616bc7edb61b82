package import CanonicalJSON

extension AccuracyReport {
  /// The members of a comparison as `dermc eval --against --json` prints them, with the kind of data and the classes.
  package var json: JSON {
    [
      "data": .string(data.rawValue),
      "classes": .strings(classes),
      "samples": .int(samples),
      "agreement": .finite(agreement?.value),
      "agreement_interval": .estimate(agreement),
      "kl": .finite(divergence),
      "sqnr_db": .finite(outputSQNR),
      "cosine": .finite(cosine),
      "max_relative_error": .finite(maximumRelativeError),
      "float": float?.json ?? .null,
      "compiled": compiled?.json ?? .null,
      "deltas": deltas?.json ?? .null,
      "mcnemar_p": .finite(mcNemarP),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    let text = try node["data"].string()
    guard let data = Data(rawValue: text) else { throw try node["data"].error("unknown kind of data \"\(text)\"") }
    self.init(data: data, samples: try node["samples"].int(in: JSONNode.counts))
    classes = try node.optional("classes")?.strings() ?? []
    agreement = try node.estimate("agreement")
    if let interval = try node.estimate("agreement_interval") { agreement = interval }
    divergence = try node.optional("kl")?.double()
    outputSQNR = try node.optional("sqnr_db")?.double()
    cosine = try node.optional("cosine")?.double()
    maximumRelativeError = try node.optional("max_relative_error")?.double()
    if let float = try node.optional("float") { self.float = try ModelAccuracy(float) }
    if let compiled = try node.optional("compiled") { self.compiled = try ModelAccuracy(compiled) }
    if let deltas = try node.optional("deltas") { self.deltas = try Deltas(deltas) }
    mcNemarP = try node.optional("mcnemar_p")?.double()
  }
}

extension AccuracyReport.Deltas {
  var json: JSON {
    [
      "top1": .estimate(top1), "macro_f1": .estimate(macroF1), "auc": .estimate(auc),
      "per_class": .array(
        perClass.map {
          [
            "name": .string($0.name), "precision": .estimate($0.precision), "recall": .estimate($0.recall),
            "auc": .estimate($0.auc),
          ]
        }),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      top1: try node.estimate("top1"), macroF1: try node.estimate("macro_f1"), auc: try node.estimate("auc"))
    for element in try node.elements(of: "per_class") {
      perClass.append(
        AccuracyReport.ClassDelta(
          try element["name"].string(), recall: try element.estimate("recall"),
          precision: try element.estimate("precision"), auc: try element.estimate("auc")))
    }
  }
}

extension ModelAccuracy {
  var json: JSON {
    [
      "top1": .finite(top1), "macro_f1": .finite(macroF1), "auc": .finite(auc), "ece": .finite(ece),
      "log_loss": .finite(logLoss), "brier": .finite(brier),
      "per_class": .array(perClass.map(\.json)),
      "confusion": .array(confusion.map { .ints($0) }),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      top1: try node.optional("top1")?.double(), macroF1: try node.optional("macro_f1")?.double(),
      auc: try node.optional("auc")?.double(), ece: try node.optional("ece")?.double(),
      logLoss: try node.optional("log_loss")?.double(), brier: try node.optional("brier")?.double())
    for element in try node.elements(of: "per_class") { perClass.append(try ClassAccuracy(element)) }
    for row in try node.elements(of: "confusion") { confusion.append(try row.ints(in: JSONNode.counts)) }
  }
}

extension ClassAccuracy {
  var json: JSON {
    [
      "name": .string(name), "support": .int(support), "precision": .finite(precision), "recall": .finite(recall),
      "f1": .finite(f1), "auc": .finite(auc),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      try node["name"].string(), support: try node.count("support"),
      precision: try node.optional("precision")?.double(), recall: try node.optional("recall")?.double(),
      f1: try node.optional("f1")?.double(), auc: try node.optional("auc")?.double())
  }
}
