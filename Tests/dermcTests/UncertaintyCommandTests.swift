import CanonicalJSON
import DermRuntime
import Tensors
import Testing

/// What `--calibrate-probabilities` puts into bundles and reports, and what `dermc run` makes of it.
@Suite struct UncertaintyCommandTests {
  /// A model compiled once, by sets, risk and energy.
  private static let compiled = Result { () throws -> Folder in
    let folder = try Folder()
    let outcome = try compile(
      to: folder,
      ["--calibrate-probabilities", Fixture.calibration, "--max-risk", "0.25", "--eval", Fixture.evaluation])
    #expect(outcome.status == 0, "\(outcome.error)")
    return folder
  }

  private static func compile(_ model: String = Fixture.cnn, to folder: Folder, _ options: [String]) throws -> Outcome {
    try Program.run(
      [
        "compile", model, "--int8", "--calib", Fixture.calibration, "--effort", "fast", "--preprocess",
        Fixture.preprocessing, "-o", folder / "model.derm", "--report", folder / "page.html", folder / "page.md",
        "--quiet",
      ] + options)
  }

  @Test func reportTellsWhatWasFittedAndHowItProved() throws {
    let folder = try Self.compiled.get()
    let json = try JSON(parsing: MappedFile.contents(of: folder / "model.report.json"))
    let report = try JSONNode(json, name: "report")["uncertainty"]
    #expect(try report["data"]["count"].int() == 140 && report["samples"].int() == 210)
    let fitted = try report["fitted"]
    #expect(try fitted["sets"]["method"].string() == "lac" && fitted["samples"].int() == 140)
    for model in ["float", "compiled"] {
      let figures = try report[model]
      let coverage = try figures["coverage"]
      let (low, value) = (try coverage["low"].double(), try coverage["value"].double())
      #expect(try low < value && value < coverage["high"].double())
      let sizes = try figures["set_sizes"].ints()
      #expect(sizes.reduce(0, +) == 210 && sizes.count == 8)
      let total = sizes.enumerated().reduce(0) { $0 + $1.offset * $1.element }
      #expect(try abs(figures["mean_set_size"]["value"].double() - Double(total) / 210) < 1e-12)
      let classes = Array(try figures["per_class"].elements())
      #expect(try classes.map { try $0["name"].string() } == Fixture.classes)
      let covered = try classes.reduce(0.0) { sum, entry in
        try sum + Double(entry["samples"].int()) * entry["coverage"]["value"].double()
      }
      #expect(abs(covered / 210 - value) < 1e-12)
      #expect(try figures["risk_coverage"].elements().last?["coverage"].double() == 1)
    }
    // As stated is as everywhere else in the report.
    let accuracy = try JSONNode(json, name: "report")["accuracy"]["compiled"]
    #expect(try report["compiled"]["stated_ece"]["value"].double() == accuracy["ece"].double())
    #expect(try report["compiled"]["stated_brier"]["value"].double() == accuracy["brier"].double())
    for page in ["page.html", "page.md"] {
      let text = String(decoding: try MappedFile.contents(of: folder / page), as: UTF8.self)
      #expect(text.contains("How sure it is") && text.contains("Risk over coverage"))
    }
  }

  @Test func runTellsWhetherToTakeTheAnswer() throws {
    let folder = try Self.compiled.get()
    let outcome = try Program.run("run", folder / "model.derm", Fixture.evaluation, "--json", "--top", "7")
    #expect(outcome.status == 0 && outcome.error == "")
    let rows = Array(try outcome.json().elements())
    let report = try JSONNode(
      JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")["uncertainty"]
    var sizes = [Int](repeating: 0, count: 8)
    var answered = 0
    let model = try DermModel(path: folder / "model.derm")
    #expect(model.tellsCertainty)
    for (index, row) in rows.enumerated() {
      let certainty = try row["certainty"]
      sizes[try certainty["set"].strings().count] += 1
      let abstains = try certainty["abstains"].bool()
      if !abstains { answered += 1 }
      #expect(try abstains != certainty["why"].strings().isEmpty)
      #expect(try abs(certainty["probabilities"].doubles().reduce(0, +) - 1) < 1e-12)
      guard index < 30 else { continue }
      let answer = try model.classify(imageAt: "\(Fixture.evaluation)/\(try row["input"].string())")
      let said = try #require(answer.certainty)
      #expect(try said.set.map(\.label) == certainty["set"].strings())
      #expect(try said.why == certainty["why"].strings().joined(separator: "; ") && said.abstains == abstains)
      #expect(try said.energy == certainty["energy"].double())
      #expect(try said.probabilities == certainty["probabilities"].doubles())
    }
    #expect(try sizes == report["compiled"]["set_sizes"].ints())
    #expect(try abs(Double(answered) / 210 - report["compiled"]["answered"]["value"].double()) < 1e-12)
    let text = try Program.run("run", folder / "model.derm", Fixture.evaluation).output
    #expect(text.contains("calibrated ") && text.contains("abstains: ") && text.contains("set {"))
  }

  /// What is decided, and how probable it is said to be, does not change by it; nor does a bundle that is not told.
  @Test func answersStayWhatTheyAre() throws {
    let folder = try Folder()
    let outcome = try Self.compile(to: folder, ["--eval", Fixture.evaluation])
    #expect(outcome.status == 0, "\(outcome.error)")
    func rows(_ folder: Folder) throws -> [[JSON?]] {
      let run = try Program.run("run", folder / "model.derm", Fixture.evaluation, "--json")
      return try run.json().elements().map { row in ["decided", "top", "output"].map { row.value[$0] } }
    }
    #expect(try rows(folder) == rows(Self.compiled.get()))
    let run = try Program.run("run", folder / "model.derm", Fixture.image, "--json")
    #expect(!run.output.contains("certainty"))
    #expect(try DermModel(path: folder / "model.derm").classify(imageAt: Fixture.image).certainty == nil)
    let report = String(decoding: try MappedFile.contents(of: folder / "model.report.json"), as: UTF8.self)
    #expect(!report.contains("uncertainty"))
  }

  @Test func sameDataGiveTheSameBytes() throws {
    let (first, second) = (try Folder(), try Folder())
    let options = [
      "--calibrate-probabilities", Fixture.evaluation, "--conformal", "raps", "--coverage", "0.8",
      "--coverage-by-class", "--false-alarms", "0.1",
    ]
    for (folder, threads) in [(first, "1"), (second, "3")] {
      let outcome = try Self.compile(to: folder, options + ["--threads", threads])
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    let bytes = try MappedFile.contents(of: first / "model.derm")
    #expect(try bytes == MappedFile.contents(of: second / "model.derm"))
    let converted = first / "copy.derm"
    #expect(try Program.run("convert", first / "model.derm", "-o", converted).status == 0)
    #expect(try DermModel(path: converted).tellsCertainty)
    // Told to read answers in another way, it says nothing of them.
    let other = try Program.run("run", first / "model.derm", Fixture.image, "--json", "--task", "none")
    #expect(
      other.status == 0 && other.error.contains("fitted for other answers") && !other.output.contains("certainty"))
    let cropped = try Program.run("run", first / "model.derm", Fixture.image, "--json", "--resize", "center-crop")
    #expect(cropped.status == 0 && cropped.error.contains("fitted for other preprocessing"))
    #expect(!cropped.output.contains("certainty"))
  }

  /// A bundle that is told to prepare images in another way does not go on telling what was fitted before.
  @Test func whatIsChangedIsNoLongerTold() throws {
    let folder = try Self.compiled.get()
    let changed = folder / "changed.derm"
    let outcome = try Program.run("convert", folder / "model.derm", "-o", changed, "--resize", "center-crop")
    #expect(outcome.status == 0)
    #expect(outcome.isOneLine(with: ["warning", "its evaluation and how sure its answers are", "left out"]))
    #expect(try !DermModel(path: changed).tellsCertainty)
    // The same preprocessing, told once more, changes nothing.
    let same = folder / "same.derm"
    let again = try Program.run(
      "convert", folder / "model.derm", "-o", same, "--preprocess", Fixture.preprocessing)
    #expect(again.status == 0 && again.error.isEmpty, "\(again.error)")
    #expect(try DermModel(path: same).tellsCertainty)
  }

  @Test(arguments: ["binary_logit", "two_logits", "binary_sigmoid"])
  func findingsAreSetsOfTwo(name: String) throws {
    let folder = try Folder()
    let answers = Fixture.root + "answers"
    let outcome = try Program.run(
      "compile", "\(answers)/\(name).onnx", "--preprocess", answers + "/preprocess.json", "--table",
      answers + "/melanoma.csv", "--calibrate-probabilities", Fixture.evaluation, "-o", folder / "model.derm",
      "--quiet")
    #expect(outcome.status == 0, "\(outcome.error)")
    let rows = try Program.run("run", folder / "model.derm", Fixture.evaluation, "--json").json().elements()
    var covered = Set<[String]>()
    for row in rows {
      let certainty = try row["certainty"]
      covered.insert(try certainty["set"].strings().sorted())
      #expect(try certainty["probabilities"].doubles().count == 2)
      #expect(try (certainty.optional("energy") == nil) == (name != "two_logits"))
    }
    #expect(covered.isSubset(of: [[], ["benign"], ["benign", "melanoma"], ["melanoma"]]) && covered.count > 1)
  }

  @Test func saysWhatItCannotDo() throws {
    let folder = try Folder()
    let answers = Fixture.root + "answers"
    let labels = try Program.run(
      "compile", answers + "/traits_logits.onnx", "--task", "multilabel", "--preprocess", answers + "/preprocess.json",
      "--table", answers + "/traits.csv", "--calibrate-probabilities", Fixture.evaluation, "-o", folder / "m.derm")
    #expect(labels.status == 2 && labels.isOneLine(with: ["--calibrate-probabilities", "multilabel"]))
    let alone = try Self.compile(to: folder, ["--max-risk", "0.1"])
    #expect(alone.status == 2 && alone.isOneLine(with: ["--max-risk 0.1", "--calibrate-probabilities DIR"]))
    let wrong = try Self.compile(to: folder, ["--calibrate-probabilities", Fixture.evaluation, "--coverage", "90"])
    #expect(wrong.status == 2 && wrong.isOneLine(with: ["--coverage 90", "fraction"]))
    let same = try Self.compile(
      to: folder, ["--calibrate-probabilities", Fixture.evaluation, "--eval", Fixture.evaluation])
    #expect(same.status == 3 && same.isOneLine(with: ["all evaluation samples", "fit on others"]))
    #expect(folder.names == [])
  }

  @Test func warnsOfTooFewSamples() throws {
    let folder = try Folder()
    let outcome = try Self.compile(
      to: folder,
      [
        "--calibrate-probabilities", Fixture.calibration, "--coverage", "0.99", "--coverage-by-class", "--max-risk",
        "0.001", "--false-alarms", "0.001",
      ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try JSONNode(
      JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
    let warnings = try report["warnings"].strings().joined(separator: "\n")
    for part in ["too few samples of akiec (20), ", "takes 99", "always abstains", "false alarms, which takes 999"] {
      #expect(warnings.contains(part), "\(part): \(warnings)")
    }
    let row = try #require(
      try Program.run("run", folder / "model.derm", Fixture.image, "--json").json().elements().first)
    #expect(try row["certainty"]["set"].strings().count == 7 && row["certainty"]["abstains"].bool())
  }
}
