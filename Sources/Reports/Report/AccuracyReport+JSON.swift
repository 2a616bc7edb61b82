package import CanonicalJSON
import Metrics

extension AccuracyReport {
  /// The members of a comparison as `dermc eval --against --json` prints them, without the curves, which only pictures
  /// are drawn from. What was not measured is left out, but for the members that comparisons of classes always had.
  package var json: JSON {
    var members: JSONObject = [
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
    addAnswers(to: &members)
    return .object(members)
  }

  /// Beyond so many classes reports have no confusion, and bundles no figures of each class.
  package static let manyClasses = 64

  /// What a bundle keeps of it: `json`, but of many classes the figures of the whole model alone. Those of each would
  /// be larger than a small model, and take more memory than a reader gives its file.
  package var record: JSON {
    guard classes.count > AccuracyReport.manyClasses else { return json }
    var whole = self
    for path in [\AccuracyReport.float, \.compiled] {
      whole[keyPath: path]?.perClass = []
      whole[keyPath: path]?.confusion = []
    }
    whole.deltas?.perClass = []
    whole.multilabel?.labels = []
    return whole.json
  }

  /// `json` with the curves.
  package var jsonWithCurves: JSON {
    guard case .object(var members) = json else { return json }
    addCurves(to: &members)
    return .object(members)
  }

  /// The compiled model alone, as `dermc eval --json` prints it: its measures, and what is told of its answers.
  package var modelJSON: JSON {
    var members: JSONObject = ["samples": .int(samples)]
    if case .object(let measures)? = compiled?.json { for (key, value) in measures { members[key] = value } }
    addAnswers(to: &members)
    addCurves(to: &members)
    return .object(members)
  }

  private func addAnswers(to members: inout JSONObject) {
    if let task { members["task"] = .string(task.rawValue) }
    if let positive { members["positive"] = .string(positive) }
    if !thresholds.isEmpty { members["thresholds"] = .doubles(thresholds) }
    if let thresholdChoice { members["threshold_choice"] = .string(thresholdChoice) }
    if let binary { members["binary"] = binary.json }
    if let multilabel { members["multilabel"] = multilabel.json }
    if let groups { members["groups"] = ["name": .string(groups.name), "count": .int(groups.count)] }
    if !subgroups.isEmpty { members["subgroups"] = .array(subgroups.map(\.json)) }
  }

  private func addCurves(to members: inout JSONObject) {
    guard let curves else { return }
    members["curves"] = ["float": curves.float?.json ?? .null, "compiled": curves.compiled.json]
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
    if let deltas = try node.optional("deltas") { self.deltas = try AccuracyEstimates(deltas) }
    mcNemarP = try node.optional("mcnemar_p")?.double()
    try readAnswers(node)
  }

  private mutating func readAnswers(_ node: JSONNode) throws(JSONError) {
    if let node = try node.optional("task") {
      let text = try node.string()
      guard let task = MeasuredTask(rawValue: text) else { throw node.error("unknown task \"\(text)\"") }
      self.task = task
    }
    positive = try node.optional("positive")?.string()
    thresholds = try node.optional("thresholds")?.doubles() ?? []
    thresholdChoice = try node.optional("threshold_choice")?.string()
    if let binary = try node.optional("binary") { self.binary = try BinaryComparison(binary) }
    if let multilabel = try node.optional("multilabel") { self.multilabel = try MultiLabelComparison(multilabel) }
    if let groups = try node.optional("groups") {
      self.groups = Groups(name: try groups["name"].string(), count: try groups.count("count"))
    }
    for element in try node.elements(of: "subgroups") { subgroups.append(try Subgroup(element)) }
    if let curves = try node.optional("curves") {
      self.curves = Curves(
        float: try curves.optional("float").map { node throws(JSONError) in try CurvesReport(node) },
        compiled: try CurvesReport(curves["compiled"]))
    }
  }
}

extension AccuracyEstimates {
  var json: JSON {
    [
      "top1": .estimate(top1), "macro_f1": .estimate(macroF1), "auc": .estimate(auc),
      "balanced_accuracy": .estimate(balancedAccuracy),
      "per_class": .array(
        perClass.map {
          [
            "name": .string($0.name), "precision": .estimate($0.precision), "recall": .estimate($0.recall),
            "auc": .estimate($0.auc), "specificity": .estimate($0.specificity),
            "sensitivity_at_specificity": .estimate($0.sensitivityAtSpecificity),
          ]
        }),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      top1: try node.estimate("top1"), macroF1: try node.estimate("macro_f1"), auc: try node.estimate("auc"),
      balancedAccuracy: try node.estimate("balanced_accuracy"))
    for element in try node.elements(of: "per_class") {
      perClass.append(
        ClassEstimates(
          try element["name"].string(), recall: try element.estimate("recall"),
          precision: try element.estimate("precision"), auc: try element.estimate("auc"),
          specificity: try element.estimate("specificity"),
          sensitivityAtSpecificity: try element.estimate("sensitivity_at_specificity")))
    }
  }
}

extension ModelAccuracy {
  var json: JSON {
    var members: JSONObject = [
      "top1": .finite(top1), "macro_f1": .finite(macroF1), "auc": .finite(auc), "ece": .finite(ece),
      "log_loss": .finite(logLoss), "brier": .finite(brier), "balanced_accuracy": .finite(balancedAccuracy),
      "per_class": .array(perClass.map(\.json)),
    ]
    // Nobody reads larger ones, and they grow with the square.
    if confusion.count <= AccuracyReport.manyClasses { members["confusion"] = .array(confusion.map { .ints($0) }) }
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      top1: try node.optional("top1")?.double(), macroF1: try node.optional("macro_f1")?.double(),
      auc: try node.optional("auc")?.double(), ece: try node.optional("ece")?.double(),
      logLoss: try node.optional("log_loss")?.double(), brier: try node.optional("brier")?.double(),
      balancedAccuracy: try node.optional("balanced_accuracy")?.double())
    for element in try node.elements(of: "per_class") { perClass.append(try ClassAccuracy(element)) }
    for row in try node.elements(of: "confusion") { confusion.append(try row.ints(in: JSONNode.counts)) }
  }
}

extension ClassAccuracy {
  var json: JSON {
    [
      "name": .string(name), "support": .int(support), "precision": .finite(precision), "recall": .finite(recall),
      "f1": .finite(f1), "auc": .finite(auc), "specificity": .finite(specificity),
      "average_precision": .finite(averagePrecision),
      "sensitivity_at_specificity": sensitivityAtSpecificity.map {
        ["specificity": .double($0.specificity), "sensitivity": .double($0.sensitivity)]
      } ?? .null,
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      try node["name"].string(), support: try node.count("support"),
      precision: try node.optional("precision")?.double(), recall: try node.optional("recall")?.double(),
      f1: try node.optional("f1")?.double(), auc: try node.optional("auc")?.double(),
      specificity: try node.optional("specificity")?.double(),
      averagePrecision: try node.optional("average_precision")?.double())
    if let point = try node.optional("sensitivity_at_specificity") {
      sensitivityAtSpecificity = SpecificityPoint(
        specificity: try point["specificity"].double(), sensitivity: try point["sensitivity"].double())
    }
  }
}
