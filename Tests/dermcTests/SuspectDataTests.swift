import CanonicalJSON
import Tensors
import Testing

/// What looks like a result and is none is said beside the figures, in JSON, and by the exit code under --strict.
@Suite struct SuspectDataTests {
  private static let model = [Fixture.mobilenet, Fixture.evaluation]
  private static let right = ["--preprocess", Fixture.preprocessing]

  private func evaluate(_ options: [String]) throws -> Outcome {
    try Program.run(["eval"] + SuspectDataTests.model + options)
  }

  @Test func whatIsRightIsNotSuspected() throws {
    let outcome = try evaluate(SuspectDataTests.right + ["--strict", "--json"])
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    #expect(try outcome.json()["warnings"].strings() == [])
  }

  /// The means of ImageNet for pixels of 0 to 255, where pixels are scaled to 0...1.
  @Test func meansThatDoNotFitTheScale() throws {
    let options = ["--mean", "123.675,116.28,103.53", "--std", "58.395,57.12,57.375"]
    let outcome = try evaluate(options + ["--json"])
    #expect(outcome.status == 0)
    let warnings = try outcome.json()["warnings"].strings()
    for part in ["does not fit the scale", "stored means and variances", "not above that of always answering"] {
      #expect(warnings.contains { $0.contains(part) } && outcome.error.contains(part), "\(warnings)")
    }
    let strict = try evaluate(options + ["--strict"])
    #expect(strict.status == 3 && strict.output == "" && strict.isOneLine(with: ["--strict"]), "\(strict.error)")

    let folder = try Folder()
    let compiled = try Program.run(
      [
        "compile", Fixture.mobilenet, "--int8", "--calib", Fixture.calibration, "--eval", Fixture.evaluation, "-o",
        folder / "m.derm", "--report", folder / "m.md",
      ] + options)
    #expect(compiled.status == 0 && compiled.output.contains("does not fit the scale"), "\(compiled.output)")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "m.report.json")), name: "report")
    #expect(try report["warnings"].strings().contains { $0.contains("dermc doctor") })
    let page = String(decoding: try MappedFile.contents(of: folder / "m.md"), as: UTF8.self)
    #expect(page.contains("does not fit the scale"))
    let refused = try Program.run(
      ["compile", Fixture.mobilenet, "--int8", "--calib", Fixture.calibration, "-o", folder / "s.derm", "--strict"]
        + options)
    #expect(refused.status == 3 && refused.isOneLine(with: ["does not fit the scale"]), "\(refused.error)")
  }

  /// A file with mean and std alone means what the options mean.
  @Test func filesAndOptionsHaveOneDefaultScale() throws {
    let folder = try Folder()
    try folder.write(#"{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}"#, to: "p.json")
    let file = try evaluate(["--preprocess", folder / "p.json", "--json"])
    let options = try evaluate(["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--json"])
    #expect(file.status == 0 && file.output == options.output, "\(file.error)")
  }

  @Test func anotherOrderOfClassesIsNamed() throws {
    let order = ["nv", "mel", "akiec", "bcc", "bkl", "df", "vasc"]
    let outcome = try evaluate(SuspectDataTests.right + ["--labels", order.joined(separator: ","), "--json"])
    #expect(outcome.status == 0)
    let better = Fixture.classes.joined(separator: ",")
    #expect(try outcome.json()["warnings"].strings().contains { $0.contains("--labels \(better)") }, "\(outcome.error)")
  }

  /// A binary model whose classes are the other way round ranks everything upside down.
  @Test func classesTheOtherWayRoundAreNamed() throws {
    let model = AnswerModel.all[0]
    let outcome = try Program.run(
      ["eval", model.path, Fixture.evaluation, "--labels", "melanoma,benign"] + model.options)
    #expect(outcome.status == 0 && outcome.error.contains("--labels benign,melanoma"), "\(outcome.error)")
  }

  @Test func overriddenPreprocessingIsTold() throws {
    let bundle = try Compiled.bundle()
    let outcome = try Program.run("run", bundle, Fixture.image, "--mean", "0.5")
    #expect(outcome.status == 0 && outcome.error.contains("mean 0.485,0.456,0.406 -> 0.5"), "\(outcome.error)")
    let strict = try Program.run("run", bundle, Fixture.image, "--mean", "0.5", "--strict")
    #expect(strict.status == 3 && strict.output == "", "\(strict.error)")
  }

  @Test func reportsNameThePreprocessingAndTheData() throws {
    let report = JSONNode(
      try JSON(parsing: MappedFile.contents(of: try Compiled.folder() / "model.report.json")), name: "report")
    #expect(try report["preprocessing"]["mean"].doubles() == [0.485, 0.456, 0.406])
    #expect(try report["answer"]["description"].string() == "multi-class, 7 logits")
    #expect(try report["data"]["calibration"]["count"].int() == 140)
    // find fixtures/images/eval -type f -exec sha256sum {} + | cut -c1-64 | sort | xxd -r -p | sha256sum
    let hash = "60f6812eb94db9749d82fdcd0e35e7034d9a6b7a819713d117e5294af78f047f"
    #expect(try report["data"]["evaluation"]["count"].int() == 210)
    #expect(try report["data"]["evaluation"]["sha256"].string() == hash)
  }

  /// Images that nobody reads would be missing from the figures: four of six melanomas, say.
  @Test func imagesThatAreNotReadAreCounted() throws {
    let folder = try Folder()
    let data = folder.makeFolder("data")
    for name in Fixture.classes {
      _ = folder.makeFolder("data/\(name)")
      try folder.copy("\(Fixture.evaluation)/\(name)/001.jpg", as: "data/\(name)/1.jpg")
    }
    for index in 2..<5 { try folder.copy(Fixture.image, as: "data/mel/\(index).avif") }
    let options = SuspectDataTests.right
    let outcome = try Program.run(
      ["compile", Fixture.mobilenet, "--int8", "--calib", Fixture.calibration, "--eval", data, "-o", folder / "m.derm"]
        + options)
    #expect(outcome.status == 0 && outcome.output.contains("3 files are not read: 3 .avif"), "\(outcome.output)")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "m.report.json")), name: "report")
    #expect(try report["warnings"].strings().contains { $0.contains("3 .avif") })
    let strict = try Program.run(["eval", Fixture.mobilenet, data, "--strict"] + options)
    #expect(strict.status == 3 && strict.isOneLine(with: ["3 .avif"]), "\(strict.error)")
  }

  @Test func imagesAreTurnedWhereAsked() throws {
    let folder = try Folder()
    let compiled = try Program.run(
      ["compile", Fixture.mobilenet, "-o", folder / "m.derm", "--exif-orientation"] + SuspectDataTests.right)
    #expect(compiled.status == 0, "\(compiled.error)")
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "m.report.json")), name: "report")
    #expect(try report["preprocessing"]["exif_orientation"].bool())
    let told = try Program.run("run", folder / "m.derm", Fixture.image)
    #expect(told.status == 0 && told.error == "", "\(told.error)")
  }
}
