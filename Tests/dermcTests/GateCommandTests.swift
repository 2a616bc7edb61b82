import CanonicalJSON
import Platform
import Tensors
import Testing

/// `dermc gate` as continuous integration runs it: several reports, an earlier build, times.
struct GateCommandTests {
  /// lesion_cnn compiled by two recipes, the second of which loses much, with what is said of each image.
  private static let builds = Result { () throws -> Folder in
    let folder = try Folder()
    for (name, options) in [("old", []), ("new", ["--prune", "0.8", "--prune-method", "adaptive"])] {
      let outcome = try Program.run(
        [
          "compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "--eval", Fixture.evaluation,
          "--preprocess", Fixture.preprocessing, "--effort", "fast", "--report-predictions", "-o",
          "\(folder.makeFolder(name))/model.derm",
        ] + options)
      try #require(outcome.status == 0, "\(outcome.error)")
    }
    return folder
  }

  private static let changes = """
    {"max_bundle_bytes": 700000,
     "against_baseline": {"min_recall": {"mel": 0.02, "bcc": 0.02}, "max_ece": 0.01, "max_bundle_bytes": 0}}
    """

  private func report(_ name: String) throws -> String {
    try GateCommandTests.builds.get() / "\(name)/model.report.json"
  }

  @Test func comparesBuildsImageByImage() throws {
    let folder = try Folder()
    let budget = try folder.write(GateCommandTests.changes, to: "budget.json")
    let broken = try Program.run("gate", report("new"), "--budget", budget, "--baseline", report("old"))
    #expect(broken.status == 1 && broken.isOneLine(with: ["new/model.report.json: the budget is broken"]))
    let lines = broken.output.split(separator: "\n")
    #expect(lines.count == 6)
    // The bits of int8 are the same everywhere, and so is what is said of each image.
    #expect(
      lines[1].hasPrefix("FAIL  against_baseline.min_recall.mel: 56.67 % after 83.33 %, 26.67 pp worse")
        && lines[1].contains("8 lost, 0 won, McNemar's exact test p 0.0078"), "\(broken.output)")
    #expect(lines[2].hasPrefix("ok    against_baseline.min_recall.bcc: ") && lines[2].contains("better"))
    #expect(
      lines[3].hasPrefix("FAIL  against_baseline.max_ece: ") && lines[3].contains("paired bootstrap over 210 images"))
    #expect(lines[4].hasPrefix("ok    against_baseline.max_bundle_bytes: "))
    let kept = try Program.run("gate", report("old"), "--budget", budget, "--baseline", report("old"))
    #expect(kept.status == 0 && kept.error == "", "\(kept.output)")
    let several = try Program.run(
      "gate", report("old"), report("new"), "--budget", budget, "--baseline", report("old"))
    #expect(several.status == 1 && several.output.contains("5 limits kept\n\n") && several.output.contains("new/model"))
  }

  @Test func reportsWithoutTheOptionAreAsBefore() throws {
    let told = JSONNode(try JSON(parsing: MappedFile.contents(of: report("old"))), name: "report")
    #expect(try told["predictions"]["files"].strings().count == 210)
    let plain = JSONNode(
      try JSON(parsing: MappedFile.contents(of: Compiled.folder() / "model.report.json")), name: "report")
    #expect(try plain.optional("predictions") == nil)
    let refusal = try Program.run("compile", Fixture.cnn, "--report-predictions")
    #expect(refusal.status == 2 && refusal.isOneLine(with: ["--report-predictions: needs --eval DIR"]))
  }

  @Test func timesBundlesInTurn() throws {
    let folder = try Folder()
    let budget = try folder.write(
      #"{"max_latency_ms": 10000, "against_baseline": {"max_latency_ms": 50}}"#, to: "budget.json")
    let words = try ["gate", report("new"), "--budget", budget, "--baseline", report("old"), "--threads", "1"]
    let timed = try Program.run(words + ["--bench"])
    #expect(timed.status == 0 && timed.output.contains("turns in pairs"), "\(timed.output)\(timed.error)")
    let untimed = try Program.run(words)
    #expect(untimed.status == 1 && untimed.output.contains("the model was not timed; add --bench"))
    // A report beside another bundle.
    try folder.copy(report("old"), as: "model.report.json")
    try folder.copy("\(GateCommandTests.builds.get().path)/new/model.derm", as: "model.derm")
    let wrong = try Program.run(
      "gate", folder / "model.report.json", "--budget", budget, "--baseline", report("old"), "--bench")
    #expect(
      wrong.status == 3 && wrong.isOneLine(with: ["model.derm: is not the bundle that", "its SHA-256 is another"]))
  }

  @Test func saysWhatIsWrong() throws {
    let folder = try Folder()
    let sizes = try folder.write(#"{"max_macs": 1e12}"#, to: "sizes.json")
    let changes = try folder.write(GateCommandTests.changes, to: "changes.json")
    func run(_ words: String...) throws -> Outcome { try Program.run(["gate"] + words) }
    let needless = try run(report("old"), "--budget", sizes, "--baseline", report("old"))
    #expect(needless.status == 2 && needless.isOneLine(with: ["sizes.json: sets no limit against a baseline"]))
    let uneven = try run(
      report("old"), report("new"), report("new"), "--budget", sizes, "--budget", sizes)
    #expect(uneven.status == 2 && uneven.isOneLine(with: ["--budget: 2 files for 3 reports"]))
    let mobilenet = try Compiled.folder() / "model.report.json"
    let other = try run(mobilenet, "--budget", changes, "--baseline", report("old"))
    #expect(
      other.status == 3 && other.isOneLine(with: ["is of the model model.onnx", "lesion_cnn.onnx", "--other-model"]))
    let allowed = try run(mobilenet, "--budget", changes, "--baseline", report("old"), "--other-model")
    #expect(allowed.status <= 1 && allowed.output.contains("as if of different images"), "\(allowed.error)")
    #expect(try run(report("old"), "--budget", sizes, "--other-model").status == 2)
    #expect(try run(report("old"), "--budget", Fixture.cnn).isOneLine(with: ["lesion_cnn.onnx: invalid JSON"]))
    #expect(try run("--budget", sizes).status == 2)
  }

  @Test func writesEveryFormat() throws {
    let folder = try Folder()
    let budget = try folder.write(GateCommandTests.changes, to: "budget.json")
    let summary = try folder.write("before\n", to: "summary.md")
    let words = try ["gate", report("new"), "--budget", budget, "--baseline", report("old")]
    let files = ["json", "junit", "sarif", "gitlab", "badge"].map { ["--write", "\($0)=\(folder / $0)"] }.joined()
    let outcome = try Program.run(
      words + ["--format", "github"] + files, environment: ["GITHUB_STEP_SUMMARY": summary])
    #expect(
      outcome.status == 1 && outcome.output.hasPrefix("::error file=\(budget),line=2,title="), "\(outcome.output)")
    #expect(outcome.isOneLine(with: ["the budget is broken"]))
    func text(_ name: String) throws -> String {
      String(decoding: try MappedFile.contents(of: folder / name), as: UTF8.self)
    }
    #expect(try text("summary.md").hasPrefix("before\n## dermc gate: 2 of 5 limits broken\n"))
    #expect(try text("junit").contains("<testsuites name=\"dermc gate\" tests=\"5\" failures=\"2\""))
    #expect(try text("badge").hasPrefix("<svg "))
    for name in ["json", "sarif", "gitlab"] { _ = try JSON(parsing: Array(text(name).utf8)) }
    // Quiet is quiet unless something was asked for.
    #expect(try Program.run(words + ["--quiet"]).output == "")
    #expect(try Program.run(words + ["--quiet", "--format", "json"]).output == text("json"))
    let unknown = try Program.run(words + ["--format", "xml"])
    #expect(unknown.status == 2 && unknown.error.contains("junit"))
    for wrong in ["junit", "=x", "xml=\(folder / "x")", "junit="] {
      #expect(try Program.run(words + ["--write", wrong]).status == 2, "\(wrong)")
    }
    #expect(try Program.run(words + ["--write", "json=\(budget)"]).isOneLine(with: ["would replace the input"]))
    let lost = try Program.run(words + ["--format", "github"], environment: ["GITHUB_STEP_SUMMARY": folder.path])
    #expect(lost.status == 3 && lost.isOneLine(with: ["GITHUB_STEP_SUMMARY"]))
  }

  @Test func draftsABudget() throws {
    let folder = try Folder()
    for path in [try report("old"), try report("new"), try Compiled.folder() / "model.report.json"] {
      let draft = try Program.run("gate", path, "--init")
      #expect(draft.status == 0 && draft.error == "")
      let budget = try folder.write(draft.output, to: "budget.json")
      let kept = try Program.run("gate", path, "--budget", budget)
      #expect(kept.status == 0, "\(kept.output)")
    }
    #expect(try Program.run("gate", report("old"), report("new"), "--init").status == 2)
    #expect(try Program.run("gate", report("old"), "--init", "--budget", folder / "b.json").status == 2)
    let missing = try Program.run("gate", report("old"))
    #expect(missing.status == 2 && missing.isOneLine(with: ["--budget FILE is missing", "--init > budget.json"]))
  }

  @Test func writesFiguresWithoutLists() throws {
    let folder = try Folder()
    let outcome = try Program.run(
      "compile", Fixture.cnn, "--eval", Fixture.evaluation, "--preprocess", Fixture.preprocessing, "-o",
      folder / "model.derm", "--metrics", folder / "metrics.json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let figures = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "metrics.json")), name: "metrics")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
    let recalls = try report["accuracy"]["compiled"]["per_class"].elements()
    for recall in recalls {
      #expect(
        try figures["compiled"]["recall"][recall["name"].string()].double() == recall["recall"].double())
    }
    #expect(recalls.count == 7)
  }

  @Test func comparesBuilds() throws {
    let folder = try Folder()
    let page = folder / "builds.html"
    let outcome = try Program.run("compare", report("old"), report("new"), "--report", page)
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    #expect(outcome.output.contains("images of 210 decided otherwise") && outcome.output.contains("recall of mel"))
    #expect(String(decoding: try MappedFile.contents(of: page), as: UTF8.self).contains("Comparison of builds"))
    let json = try Program.run("compare", report("old"), report("new"), "--json", "--bench", "--threads", "1").json()
    #expect(try json["figures"].elements().contains { try $0["name"].string() == "time" })
    #expect(try Program.run("compare", report("old")).isOneLine(with: ["two reports or more"]))
    #expect(try Program.run("compare", report("old"), Fixture.cnn).status == 3)
  }
}
