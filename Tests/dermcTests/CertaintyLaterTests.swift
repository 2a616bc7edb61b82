import CanonicalJSON
import DermRuntime
import Tensors
import Testing

/// How sure answers are, fitted of a bundle that is there, on a share of a folder, and measured later.
@Suite struct CertaintyLaterTests {
  private func compile(to folder: Folder, _ options: [String]) throws -> Outcome {
    try Program.run(
      [
        "compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "--effort", "fast", "--preprocess",
        Fixture.preprocessing, "-o", folder / "model.derm", "--quiet",
      ] + options)
  }

  private func json(_ path: String) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: path)), name: path)
  }

  /// A bundle that is told later holds byte for byte what it would hold had it been told at once.
  @Test func convertFitsWhatCompileFits() throws {
    let (plain, sure) = (try Folder(), try Folder())
    let certainty = ["--calibrate-probabilities", Fixture.calibration, "--max-risk", "0.25", "--conformal", "aps"]
    for (folder, options) in [(plain, []), (sure, certainty)] {
      let outcome = try compile(to: folder, ["--eval", Fixture.evaluation] + options)
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    let later = plain / "later.derm"
    let outcome = try Program.run(["convert", plain / "model.derm", "-o", later] + certainty)
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    #expect(try MappedFile.contents(of: later) == MappedFile.contents(of: sure / "model.derm"))
    #expect(try Program.run("verify", later).status == 0)
    // Fitted anew, it is what is asked for last; for other preprocessing it is fitted on images prepared so.
    let cropped = plain / "cropped.derm"
    let again = try Program.run([
      "convert", later, "-o", cropped, "--resize", "center-crop", "--calibrate-probabilities", Fixture.calibration,
    ])
    #expect(again.status == 0 && again.isOneLine(with: ["its evaluation", "left out"]), "\(again.error)")
    #expect(!again.error.contains("how sure"))
    #expect(try DermModel(path: cropped).tellsCertainty)
    let run = try Program.run("run", cropped, Fixture.image, "--json")
    #expect(run.error.isEmpty && run.output.contains("certainty"))
    // A float model's, too.
    let float = plain / "float.derm"
    let checkpoint = try Program.run([
      "convert", Fixture.cnn, "-o", float, "--preprocess", Fixture.preprocessing, "--calibrate-probabilities",
      Fixture.calibration,
    ])
    #expect(checkpoint.status == 0, "\(checkpoint.error)")
    let told = try Program.run("run", float, Fixture.image, "--json").json().elements().map { $0 }
    #expect(try told[0]["certainty"]["set"].strings().count >= 0)
  }

  @Test func evalMeasuresWhatTheBundleTells() throws {
    let folder = try Folder()
    let outcome = try compile(
      to: folder, ["--calibrate-probabilities", Fixture.calibration, "--eval", Fixture.evaluation])
    #expect(outcome.status == 0, "\(outcome.error)")
    let compiled = try json(folder / "model.report.json")["uncertainty"]["compiled"]
    let eval = try Program.run("eval", folder / "model.derm", Fixture.evaluation, "--json")
    #expect(eval.status == 0 && eval.error.isEmpty, "\(eval.error)")
    #expect(try eval.json()["uncertainty"]["compiled"].value == compiled.value)
    // In parts it is the same.
    for index in 1...2 {
      let part = try Program.run(
        "eval", folder / "model.derm", Fixture.evaluation, "--shard", "\(index)/2", "-o", folder / "\(index).eval",
        "--quiet")
      #expect(part.status == 0, "\(part.error)")
    }
    let all = folder / "all.eval"
    #expect(try Program.run("merge", folder / "1.eval", folder / "2.eval", "-o", all, "--quiet").status == 0)
    #expect(try Program.run("eval", folder / "model.derm", all, "--json").output == eval.output)
    let text = try Program.run("eval", folder / "model.derm", Fixture.evaluation).output
    #expect(text.contains("\n          sets (lac, 90 %) hold the right class in "))
    // On what it was fitted on it looks better than it is.
    let same = try Program.run("eval", folder / "model.derm", Fixture.calibration, "--json")
    #expect(same.isOneLine(with: ["fitted on these images", "measure it on others"]))
    #expect(try same.json()["warnings"].strings().contains { $0.contains("fitted on these images") })
    // Of images prepared in another way nothing is said.
    let other = try Program.run(
      "eval", folder / "model.derm", Fixture.evaluation, "--json", "--resize", "center-crop")
    #expect(other.status == 0 && other.error.contains("fitted for other preprocessing"))
    #expect(try other.json().optional("uncertainty") == nil)
  }

  @Test func aShareOfTheFolderIsFittedOnAndTheRestReported() throws {
    let (folder, seeded) = (try Folder(), try Folder())
    for (folder, seed) in [(folder, "0"), (seeded, "5")] {
      let outcome = try compile(
        to: folder,
        ["--calibrate-probabilities", "split:0.4", "--eval", Fixture.evaluation, "--seed", seed])
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    let report = try json(folder / "model.report.json")
    let uncertainty = try report["uncertainty"]
    #expect(try uncertainty["data"]["count"].int() == 84 && uncertainty["samples"].int() == 126)
    #expect(try report["accuracy"]["samples"].int() == 126 && report["data"]["evaluation"]["count"].int() == 126)
    #expect(try uncertainty["fitted"]["split"]["share"].double() == 0.4)
    let other = try json(seeded / "model.report.json")
    #expect(try other["data"]["evaluation"]["sha256"].string() != report["data"]["evaluation"]["sha256"].string())
    // The bundle tells what it was fitted on.
    let eval = try Program.run("eval", folder / "model.derm", Fixture.evaluation, "--held-out", "--json")
    #expect(eval.status == 0 && !eval.error.contains("file by file"), "\(eval.error)")
    #expect(try eval.json()["uncertainty"]["compiled"].value == uncertainty["compiled"].value)
    #expect(try eval.json()["data"].value == report["data"]["evaluation"].value)
    let whole = try Program.run("eval", folder / "model.derm", Fixture.evaluation, "--json")
    #expect(whole.error.contains("leave them out with --held-out") && !eval.error.contains("--held-out"))
    #expect(try whole.json()["warnings"].strings().contains { $0.contains("--held-out") })
    let against = try Program.run(
      "eval", folder / "model.derm", Fixture.evaluation, "--held-out", "--against", Fixture.cnn, "--json")
    #expect(try against.json()["samples"].int() == 126, "\(against.error)")
    let elsewhere = try Program.run("eval", folder / "model.derm", Fixture.calibration, "--held-out", "--json")
    #expect(elsewhere.status == 0 && elsewhere.error.contains("not, file by file, the folder that was divided"))
  }

  @Test func refusesWhatCannotBeDivided() throws {
    let folder = try Folder()
    let alone = try compile(to: folder, ["--calibrate-probabilities", "split:0.5"])
    #expect(alone.status == 2 && alone.isOneLine(with: ["split:0.5", "--eval DIR"]))
    for share in ["split:1", "split:0", "split:", "split:half"] {
      let outcome = try compile(to: folder, ["--calibrate-probabilities", share, "--eval", Fixture.evaluation])
      #expect(outcome.status == 2 && outcome.isOneLine(with: [share, "fraction"]), "\(outcome.error)")
    }
    let all = try compile(to: folder, ["--calibrate-probabilities", "split:0.9999", "--eval", Fixture.evaluation])
    #expect(all.status == 3 && all.isOneLine(with: ["210 samples", "leaves none to report on"]), "\(all.error)")
    #expect(folder.names == [])
    let plain = try compile(to: folder, [])
    #expect(plain.status == 0)
    let held = try Program.run("eval", folder / "model.derm", Fixture.evaluation, "--held-out")
    #expect(held.status == 2 && held.isOneLine(with: ["--held-out", "does not tell of a divided folder"]))
    let later = folder / "later.derm"
    let split = try Program.run(
      "convert", folder / "model.derm", "-o", later, "--calibrate-probabilities", "split:0.5")
    #expect(split.status == 2 && split.isOneLine(with: ["split:0.5", "give a folder"]))
    let onnx = try Program.run(
      "convert", folder / "model.derm", "-o", folder / "m.onnx", "--calibrate-probabilities", Fixture.calibration)
    #expect(onnx.status == 2 && onnx.isOneLine(with: ["is kept in bundles"]))
    let again = try Program.run(
      "compile", folder / "model.derm", "-o", later, "--calibrate-probabilities", Fixture.calibration)
    #expect(again.status == 3 && again.isOneLine(with: ["already compiled", "dermc convert"]), "\(again.error)")
    #expect(!folder.names.contains("later.derm") && !folder.names.contains("m.onnx"))
  }
}

/// Unlike images told by their features: `--unlike mahalanobis`.
@Suite struct UnlikeImagesTests {
  private static let options = [
    "--calibrate-probabilities", Fixture.calibration, "--unlike", "mahalanobis", "--false-alarms", "0.1",
  ]

  private static func compile(_ folder: Folder, _ options: [String]) throws -> Outcome {
    try Program.run(
      [
        "compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "--effort", "fast", "--preprocess",
        Fixture.preprocessing, "-o", folder / "model.derm", "--report", folder / "page.html", "--quiet",
      ] + options)
  }

  private static let compiled = Result { () throws -> Folder in
    let folder = try Folder()
    let outcome = try compile(folder, ["--eval", Fixture.evaluation] + options)
    #expect(outcome.status == 0, "\(outcome.error)")
    return folder
  }

  private func report(_ folder: Folder) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
  }

  @Test func reportAndAnswersTellDistances() throws {
    let folder = try Self.compiled.get()
    let report = try report(folder)["uncertainty"]
    let fitted = try report["fitted"]["distance"]
    let threshold = try fitted["threshold"].float()
    #expect(try fitted["false_alarms"].double() == 0.1 && fitted["samples"].int() == 70 && fitted["axes"].int() == 8)
    #expect(try fitted["channels"].int() > 8 && report["fitted"].optional("energy") == nil)
    #expect(try report["float_fitted"]["distance"]["threshold"].float() != threshold)
    let page = String(decoding: try MappedFile.contents(of: folder / "page.html"), as: UTF8.self)
    #expect(page.contains("unlike those fitted on, told by their features, for which "))

    let rows = Array(
      try Program.run("run", folder / "model.derm", Fixture.evaluation, "--json").json().elements())
    let model = try DermModel(path: folder / "model.derm")
    let explained = try DermSession(explaining: model)
    var (above, answered) = (0, 0)
    for (index, row) in rows.enumerated() {
      let certainty = try row["certainty"]
      let distance = try certainty["distance"].float()
      let why = try certainty["why"].strings()
      #expect(why.contains { $0.hasPrefix("distance ") && $0.contains("is above") } == (distance > threshold))
      #expect(try certainty["energy"].double().isFinite && !why.contains { $0.hasPrefix("energy") })
      above += distance > threshold ? 1 : 0
      answered += try certainty["abstains"].bool() ? 0 : 1
      guard index % 7 == 0 else { continue }
      let path = "\(Fixture.evaluation)/\(try row["input"].string())"
      let said = try #require(try model.classify(imageAt: path).certainty)
      #expect(said.distance == Double(distance) && said.why == why.joined(separator: "; "))
      // Maps and distances of one run.
      #expect(try explained.classify(imageAt: path).certainty == said)
      #expect(try explained.explanation().values == model.explain(imageAt: path).values)
    }
    #expect(above > 0 && above < rows.count / 2)
    #expect(try abs(Double(answered) / 210 - report["compiled"]["answered"]["value"].double()) < 1e-12)
    let map = try Program.run(
      "run", folder / "model.derm", Fixture.image, "--json", "--explain", folder / "map.npy", "--method", "occlusion")
    let plain = try Program.run("run", folder / "model.derm", Fixture.image, "--json")
    func certainty(_ outcome: Outcome) throws -> JSON {
      try JSONNode(outcome.json().elements()[0].value, name: "row")["certainty"].value
    }
    #expect(try certainty(map) == certainty(plain), "\(map.error)")
  }

  @Test func distancesAreTheSameOnEveryPath() throws {
    let folder = try Self.compiled.get()
    let (other, plain) = (try Folder(), try Folder())
    #expect(try Self.compile(other, ["--eval", Fixture.evaluation, "--threads", "1"] + Self.options).status == 0)
    let bytes = try MappedFile.contents(of: folder / "model.derm")
    #expect(try bytes == MappedFile.contents(of: other / "model.derm"))
    #expect(try Self.compile(plain, ["--eval", Fixture.evaluation]).status == 0)
    let later = plain / "later.derm"
    #expect(try Program.run(["convert", plain / "model.derm", "-o", later] + Self.options).status == 0)
    #expect(try bytes == MappedFile.contents(of: later))
    // Energy is what unlike images are told by unless something else is asked for.
    let (usual, named) = (plain / "usual.derm", plain / "named.derm")
    let energy = ["--calibrate-probabilities", Fixture.calibration]
    #expect(try Program.run(["convert", plain / "model.derm", "-o", usual] + energy).status == 0)
    #expect(
      try Program.run(["convert", plain / "model.derm", "-o", named] + energy + ["--unlike", "energy"]).status == 0)
    #expect(try MappedFile.contents(of: usual) == MappedFile.contents(of: named))
    let eval = try Program.run("eval", folder / "model.derm", Fixture.evaluation, "--json")
    #expect(try eval.json()["uncertainty"]["compiled"].value == report(folder)["uncertainty"]["compiled"].value)
    #expect(try eval.json()["uncertainty"]["fitted"].value == report(folder)["uncertainty"]["fitted"].value)
  }

  /// Scores of parts hold distances, so that all of them tell what one run tells.
  @Test func partsTellDistances() throws {
    let folder = try Self.compiled.get()
    let model = folder / "model.derm"
    let whole = try Program.run("eval", model, Fixture.evaluation, "--against", Fixture.cnn, "--json")
    for index in 1...2 {
      let part = try Program.run(
        "eval", model, Fixture.evaluation, "--against", Fixture.cnn, "--shard", "\(index)/2", "-o",
        folder / "\(index).eval", "--quiet")
      #expect(part.status == 0, "\(part.error)")
    }
    let scores = folder / "all.eval"
    #expect(try Program.run("merge", folder / "1.eval", folder / "2.eval", "-o", scores, "--quiet").status == 0)
    let measured = try Program.run("eval", model, scores, "--against", Fixture.cnn, "--json")
    #expect(measured.status == 0 && measured.output == whole.output, "\(measured.error)")
    #expect(try measured.json()["uncertainty"]["fitted"]["distance"]["channels"].int() > 8)
  }

  @Test func saysWhatItCannotDo() throws {
    let folder = try Folder()
    let alone = try Self.compile(folder, ["--unlike", "mahalanobis"])
    #expect(alone.status == 2 && alone.isOneLine(with: ["--unlike mahalanobis", "--calibrate-probabilities DIR"]))
    let few = try Self.compile(
      folder, ["--calibrate-probabilities", Fixture.calibration, "--unlike", "mahalanobis", "--false-alarms", "0.01"])
    #expect(few.status == 0)
    let warnings = try report(folder)["warnings"].strings()
    #expect(warnings.contains { $0.contains("140 samples are too few to tell unlike images by their features") })
    #expect(try report(folder)["uncertainty"]["fitted"].optional("distance") == nil)
    #expect(try Program.run("run", folder / "model.derm", Fixture.image).status == 0)
    let checkpoint = try Program.run(
      ["convert", Fixture.cnn, "-o", folder / "float.derm", "--preprocess", Fixture.preprocessing] + Self.options)
    #expect(
      checkpoint.status == 3 && checkpoint.isOneLine(with: ["is not compiled", "dermc compile"]), "\(checkpoint.error)")
    #expect(!folder.names.contains("float.derm"))
  }

  /// Of one logit there is no energy, but features there are.
  @Test func findingsOfOneLogitHaveDistances() throws {
    let folder = try Folder()
    let answers = Fixture.root + "answers"
    let outcome = try Program.run(
      "compile", "\(answers)/binary_logit.onnx", "--preprocess", answers + "/preprocess.json", "--table",
      answers + "/melanoma.csv", "--calibrate-probabilities", Fixture.evaluation, "--unlike", "mahalanobis", "-o",
      folder / "model.derm", "--quiet")
    #expect(outcome.status == 0, "\(outcome.error)")
    let row = try #require(
      try Program.run("run", folder / "model.derm", Fixture.image, "--json").json().elements().first)
    #expect(try row["certainty"]["distance"].double() > 0 && row["certainty"].optional("energy") == nil)
  }
}
