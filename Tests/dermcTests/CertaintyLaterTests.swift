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
