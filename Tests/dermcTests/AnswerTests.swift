import CanonicalJSON
import DermRuntime
import NumPyFiles
import Platform
import Tensors
import Testing

/// Models of every kind of answer, against ONNX Runtime and scikit-learn.
@Suite struct AnswerTests {
  @Test(arguments: AnswerModel.all) func probabilitiesAreONNXRuntimes(model: AnswerModel) throws {
    let labels = try model.measures()["labels"].strings()
    let data = model.name.hasPrefix("metadata") ? model.data : []
    let outcome = try Program.run(
      ["run", model.path, Fixture.evaluation, "--json", "--top", "10", "--labels", labels.joined(separator: ",")]
        + AnswerModel.preprocessing + data + model.answer)
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let expected = try model.probabilities()
    let rows = Array(try outcome.json().elements())
    try #require(rows.count == expected.count)
    let task = try model.measures()["task"].string()
    for (row, expected) in zip(rows, expected) {
      #expect(try row["task"].string() == task)
      let classes = Array(try row["top"].elements())
      try #require(classes.count == expected.count)
      for entry in classes {
        let index = try entry["index"].int()
        #expect(try abs(entry["probability"].double() - expected[index]) < 1e-5)
        #expect(try entry["class"].string() == labels[index])
      }
    }
  }

  @Test(arguments: AnswerModel.all) func measuresAreScikitLearns(model: AnswerModel) throws {
    let golden = try model.measures()
    switch try golden["task"].string() {
    case "binary":
      try checkBinary(model, golden, "0.5", options: ["--threshold", "0.5"])
      try checkBinary(model, golden, "sensitivity_0.95", options: ["--sensitivity", "0.95"])
      try checkBinary(model, golden, "youden", options: ["--threshold", "youden"])
    case "multilabel": try checkLabels(model, golden)
    default: try checkClasses(model, golden)
    }
  }

  private func evaluate(_ model: AnswerModel, _ options: [String] = []) throws -> JSONNode {
    let outcome = try Program.run(["eval", model.path, Fixture.evaluation, "--json"] + model.options + options)
    try #require(outcome.status == 0, "\(outcome.error)")
    return try outcome.json()
  }

  /// Counts and orders are those of equal decisions; what is computed from probabilities themselves follows their last
  /// digits, which differ between implementations of float32.
  private func check(_ measured: JSONNode, _ golden: JSONNode, _ names: [String: String]) throws {
    for (name, other) in names {
      let tolerance = name == "brier" || name == "log_loss" ? 1e-6 : 1e-9
      let (value, expected) = (try measured.optional(name)?.double(), try golden.optional(other)?.double())
      #expect(
        value == expected || abs((value ?? .infinity) - (expected ?? .infinity)) < tolerance,
        "\(name) \(String(describing: value)), expected \(String(describing: expected))")
    }
  }

  private static let counted = [
    "tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives",
  ]
  private static let decided = ["sensitivity", "specificity", "ppv", "npv", "balanced_accuracy", "f1"]
  private static let ranked = ["roc_auc", "average_precision", "brier"]

  private func checkBinary(_ model: AnswerModel, _ golden: JSONNode, _ point: String, options: [String]) throws {
    let result = try evaluate(model, options)
    let measured = try result["binary"]["compiled"]
    let expected = try golden["at"][point]
    try check(measured, expected, AnswerTests.counted)
    try check(measured, expected, Dictionary(uniqueKeysWithValues: AnswerTests.decided.map { ($0, $0) }))
    try check(measured, golden, Dictionary(uniqueKeysWithValues: AnswerTests.ranked.map { ($0, $0) }))
    #expect(try abs(result["thresholds"].doubles()[0] - expected["threshold"].double()) < 1e-5)
    #expect(try result["positive"].string() == "melanoma")
    #expect(try result["per_class"].elements().map { try $0["name"].string() } == ["benign", "melanoma"])
  }

  private func checkLabels(_ model: AnswerModel, _ golden: JSONNode) throws {
    let measured = try evaluate(model)["multilabel"]
    let names = Dictionary(uniqueKeysWithValues: (AnswerTests.decided + AnswerTests.ranked).map { ($0, $0) })
    for part in ["macro", "micro"] { try check(measured[part]["compiled"], golden[part], names) }
    try check(measured["micro"]["compiled"], golden["micro"], AnswerTests.counted)
    for name in ["exact_match", "hamming_loss"] { try check(measured[name], golden, ["compiled": name]) }
    let labels = Array(try measured["labels"].elements())
    #expect(try labels.map { try $0["name"].string() } == golden["labels"].strings())
    for label in labels {
      let expected = try golden["per_label"][try label["name"].string()]
      try check(label["compiled"], expected["at"]["0.5"], AnswerTests.counted)
      try check(label["compiled"], expected["at"]["0.5"], names.filter { AnswerTests.decided.contains($0.key) })
      try check(label["compiled"], expected, names.filter { AnswerTests.ranked.contains($0.key) })
    }
  }

  private func checkClasses(_ model: AnswerModel, _ golden: JSONNode) throws {
    let result = try evaluate(model)
    try check(
      result, golden,
      [
        "top1": "top1", "balanced_accuracy": "balanced_accuracy", "macro_f1": "macro_f1", "auc": "roc_auc_ovr",
        "log_loss": "log_loss",
      ])
    for entry in try result["per_class"].elements() {
      try check(
        entry, golden["per_class"][try entry["name"].string()],
        [
          "recall": "sensitivity", "specificity": "specificity", "precision": "ppv", "f1": "f1", "auc": "roc_auc",
          "average_precision": "average_precision",
        ])
    }
  }

  /// From the float model to int8, a budget, and the runtime half: every kind goes the whole way.
  @Test(arguments: AnswerModel.all) func everyKindGoesTheWholeWay(model: AnswerModel) throws {
    let folder = try Folder()
    let bundle = folder / "model.derm"
    let labels = try model.measures()["labels"].strings().joined(separator: ",")
    let compiled = try Program.run(
      [
        "compile", model.path, "--int8", "--calib", Fixture.calibration, "--eval", Fixture.evaluation, "-o", bundle,
        "--labels", labels, "--predictions", folder / "predictions.csv",
      ] + model.options + model.calibration)
    #expect(compiled.status == 0, "\(compiled.error)")
    let task = try model.measures()["task"].string()
    let report = JSONNode(
      try JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
    #expect(try report["answer"]["task"].string() == task)
    #expect(try report["accuracy"]["agreement"].double() > 0.9)
    #expect(try report["data"]["evaluation"]["count"].int() == 210)
    // No patient is in both data sets.
    #expect(try !report["warnings"].strings().contains { $0.contains("calibration samples") }, "\(compiled.output)")
    let lines = String(decoding: try MappedFile.contents(of: folder / "predictions.csv"), as: UTF8.self)
    #expect(lines.split(separator: "\r\n").count == 211)

    try folder.write(AnswerTests.budget(task), to: "budget.json")
    let gate = try Program.run("gate", folder / "model.report.json", "--budget", folder / "budget.json")
    #expect(gate.status == 0, "\(gate.output)\(gate.error)")

    // The bundle says all there is to say.
    let image = Fixture.image
    let inputs = model.name.hasPrefix("metadata") ? ["--input", "metadata=50,1,2"] : []
    let run = try Program.run(["run", bundle, image, "--json", "--top", "10"] + inputs)
    #expect(run.status == 0 && run.error == "", "\(run.error)")
    let row = try #require(Array(try run.json().elements()).first)
    let answer = try DermModel(path: bundle).classify(
      imageAt: image, others: inputs.isEmpty ? [:] : ["metadata": [50, 1, 2]])
    #expect(answer.task.rawName == task)
    #expect(try answer.decisions.map(\.label) == row["decided"].strings())
    for entry in try row["top"].elements() {
      let own = answer.classes[try entry["index"].int()]
      #expect(try own.label == entry["class"].string() && own.probability == entry["probability"].double())
    }
  }

  private static func budget(_ task: String) -> String {
    switch task {
    case "binary": #"{"min_sensitivity": 0.5, "min_specificity": 0.8, "max_sensitivity_drop": 0.2, "min_roc_auc": 0.9}"#
    case "multilabel": #"{"min_roc_auc": 0.85, "max_recall_drop": 0.2}"#
    default: #"{"min_balanced_accuracy": 0.7, "max_balanced_accuracy_drop": 0.1, "min_top1": 0.7}"#
    }
  }

  /// The runtime half computes the float model's probabilities as ONNX Runtime does.
  @Test(arguments: AnswerModel.all.filter { !$0.name.hasPrefix("metadata") })
  func theRuntimeHalfIsONNXRuntime(model: AnswerModel) throws {
    let folder = try Folder()
    let labels = try model.measures()["labels"].strings().joined(separator: ",")
    let converted = try Program.run(
      ["convert", model.path, "-o", folder / "float.derm", "--labels", labels] + AnswerModel.preprocessing
        + model.answer)
    try #require(converted.status == 0, "\(converted.error)")
    let runtime = try DermModel(path: folder / "float.derm")
    let files = String(decoding: try MappedFile.contents(of: Fixture.root + "golden/eval.txt"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    let expected = try model.probabilities()
    try #require(files.count == expected.count)
    for index in stride(from: 0, to: files.count, by: 7) {
      let name = files[index].split(separator: "/").suffix(2).joined(separator: "/")
      let answer = try runtime.classify(imageAt: "\(Fixture.evaluation)/\(name)")
      for (own, other) in zip(answer.classes, expected[index]) { #expect(abs(own.probability - other) < 1e-5) }
    }
  }

  /// What was decided on calibration images alone is told of, as with classes.
  @Test func aBinaryModelIsComparedByDecisions() throws {
    let folder = try Folder()
    let model = AnswerModel.all[0]
    let outcome = try Program.run(
      ["compile", model.path, "--int8", "--calib", Fixture.calibration, "-o", folder / "m.derm", "--threshold", "0.1"]
        + AnswerModel.preprocessing)
    #expect(outcome.status == 0 && outcome.output.contains("agreement"), "\(outcome.output)\(outcome.error)")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "m.report.json")), name: "report")
    #expect(try report["answer"]["thresholds"].doubles() == [0.1])
    #expect(try report["accuracy"]["agreement"].double() > 0.8)
  }

  @Test(arguments: [["--sensitivity", "0.9"], ["--threshold", "youden"], ["--at-specificity", "melanoma=0.9"]])
  func whatIsMeasuredNeedsLabels(options: [String]) throws {
    let folder = try Folder()
    let outcome = try Program.run(
      ["compile", AnswerModel.all[0].path, "--int8", "--calib", Fixture.calibration, "-o", folder / "m.derm"]
        + AnswerModel.preprocessing + options)
    #expect(outcome.status == 2 && outcome.isOneLine(with: ["labelled data"]), "\(outcome.error)")
    #expect(folder.names.isEmpty)
  }

  @Test(arguments: [
    ["--threshold", "1.5"], ["--threshold", "0.5", "--sensitivity", "0.9"],
    ["--positive", "mole"], ["--threshold", "0.1,0.2"], ["--at-specificity", "0.9"],
  ])
  func optionsThatMakeNoSenseAreTwo(options: [String]) throws {
    let model = AnswerModel.all[0]
    let outcome = try Program.run(["eval", model.path, Fixture.evaluation] + model.options + options)
    #expect(outcome.status == 2 && outcome.isOneLine(with: [options[0]]), "\(outcome.status) \(outcome.error)")
  }

  @Test func severalOutputsAreReachableByName() throws {
    let model = AnswerModel.root + "embedding.onnx"
    let folder = try Folder()
    let outcome = try Program.run(
      ["run", model, Fixture.image, "--output-name", "embedding", "--task", "none", "--output", folder / "e.npy"]
        + AnswerModel.preprocessing)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try NumPyFile.read(path: folder / "e.npy")[0].tensor.shape == [1, 32])
    let absent = try Program.run(
      ["run", model, Fixture.image, "--output-name", "absent"] + AnswerModel.preprocessing)
    #expect(absent.status == 2 && absent.isOneLine(with: ["absent", "embedding, logits"]), "\(absent.error)")
    let eval = try Program.run(
      ["eval", model, Fixture.evaluation, "--output-name", "embedding", "--task", "none"] + AnswerModel.preprocessing)
    #expect(eval.status == 3 && eval.isOneLine(with: ["embedding", "--output-name"]), "\(eval.error)")
  }

  @Test func inputsBesideTheImageAreAskedForByName() throws {
    let model = AnswerModel.root + "metadata.onnx"
    let refused = try Program.run(["run", model, Fixture.image] + AnswerModel.preprocessing)
    #expect(refused.status != 0 && refused.isOneLine(with: ["metadata", "image"]), "\(refused.error)")
    let compile = try Program.run(
      ["compile", model, "--int8", "--calib", Fixture.calibration] + AnswerModel.preprocessing)
    #expect(compile.status != 0 && compile.isOneLine(with: ["metadata"]), "\(compile.error)")
  }
}

extension DermAnswer.Task {
  fileprivate var rawName: String { "\(self)" }
}
