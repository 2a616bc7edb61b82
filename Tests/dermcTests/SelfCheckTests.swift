import CanonicalJSON
import Hashing
import NumPyFiles
import Reports
import Tensors
import Testing

/// What a compilation finds out about itself, and says.
@Suite struct SelfCheckTests {
  private func report(_ folder: Folder, _ name: String = "small.report.json") throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / name)), name: "report")
  }

  /// Eight tensors, of which the last, held back, is 10,000 times as large: int8 cannot hold it.
  private func calibration(_ folder: Folder, misleads: Bool) throws -> String {
    let path = folder.makeFolder("calib")
    for index in 0..<8 {
      let scale: Float = misleads && index == 7 ? 1e4 : 1
      let numbers = Models.numbers([1, 3, 8, 8], from: index)
      try NumPyFile.write(
        Tensor((numbers.floats() ?? []).map { $0 * scale }, shape: [1, 3, 8, 8]), to: "\(path)/\(index).npy")
    }
    return path
  }

  @Test func layersUnlikeFloatAreWarnedOf() throws {
    let folder = try Folder()
    try Models.classifier(answering: .rows, to: folder / "model.onnx")
    let data = try calibration(folder, misleads: true)
    let words = ["compile", folder / "model.onnx", "--int8", "--calib", data, "-o", folder / "small.derm"]
    let before = folder.names
    let strict = try Program.run(words + ["--strict"])
    #expect(strict.status == 3)
    #expect(strict.isOneLine(with: ["not like the float model's", "--strict"]), "\(strict.error)")
    #expect(folder.names == before)

    let outcome = try Program.run(words + ["--report", folder / "page.md"])
    #expect(outcome.status == 0)
    let warnings = try report(folder)["warnings"].strings()
    #expect(warnings.contains { $0.contains("layers are not like the float model's, least of all") }, "\(warnings)")
    #expect(warnings.contains { $0.hasPrefix("the outputs are not like the float model's") }, "\(warnings)")
    let text = String(decoding: try MappedFile.contents(of: folder / "page.md"), as: UTF8.self)
    for warning in warnings {
      #expect(outcome.output.contains(warning) && text.contains(warning.split(separator: ",")[0]))
    }
  }

  @Test func soundCompilationsHaveNoSuchWarning() throws {
    let folder = try Folder()
    try Models.classifier(answering: .rows, to: folder / "model.onnx")
    let data = try calibration(folder, misleads: false)
    let outcome = try Program.run(
      "compile", folder / "model.onnx", "--int8", "--calib", data, "-o", folder / "small.derm")
    #expect(outcome.status == 0)
    let warnings = try report(folder)["warnings"].strings()
    #expect(warnings == ["only 7 calibration samples: ranges may miss what the model will see"])
  }

  /// Noise is measured against the model that was given, also where weights were pruned before.
  @Test(arguments: [true, false]) func pruningCountsAsNoise(isInt8: Bool) throws {
    let folder = try Folder()
    try Models.classifier(answering: .rows, to: folder / "model.onnx")
    let data = try calibration(folder, misleads: false)
    let outcome = try Program.run(
      ["compile", folder / "model.onnx", "--calib", data, "--prune", "0.9", "-o", folder / "small.derm"]
        + (isInt8 ? ["--int8"] : []))
    #expect(outcome.status == 0, "\(outcome.error)")
    let layers = try report(folder)["layers"].elements()
    let worst = try layers.compactMap { try $0.optional("output_sqnr_db")?.double() }.min()
    #expect(try #require(worst) < 6)
    #expect(try report(folder)["warnings"].strings().contains { $0.contains("prune less (--prune)") })
  }

  @Test func pruningWithoutDataIsWarnedOf() throws {
    let folder = try Folder()
    try Models.classifier(answering: .rows, to: folder / "model.onnx")
    let outcome = try Program.run("compile", folder / "model.onnx", "--prune", "0.1", "-o", folder / "small.derm")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("nothing tells what pruning changed"))
  }

  /// One score is a decision between two, which both models may share. Where it decides nothing, there is no agreement
  /// but a distance from the float model's.
  @Test(arguments: ["binary", "none"]) func aSingleScoreIsComparedToo(task: String) throws {
    let folder = try Folder()
    let data = try calibration(folder, misleads: false)
    let outcome = try Program.run(
      "compile", Fixture.bad("one_class"), "--int8", "--calib", data, "--task", task, "-o", folder / "small.derm")
    #expect(outcome.status == 0, "\(outcome.error)")
    let accuracy = try report(folder)["accuracy"]
    #expect(try accuracy["samples"].int() == 1)
    #expect(try accuracy["sqnr_db"].double() > 20)
    #expect(try accuracy["max_relative_error"].double() < 0.1)
    #expect(try accuracy.optional("agreement")?.double() == (task == "binary" ? 1 : nil))
    #expect(outcome.output.contains("output SQNR"))
  }

  /// With too few samples to hold any back, those calibrated with are better than none.
  @Test func fewSamplesAreComparedOnThemselves() throws {
    let folder = try Folder()
    try Models.classifier(answering: .rows, to: folder / "model.onnx")
    let data = try calibration(folder, misleads: false)
    let outcome = try Program.run(
      "compile", folder / "model.onnx", "--int8", "--calib", data, "--samples", "4", "-o", folder / "small.derm")
    #expect(outcome.status == 0)
    #expect(try report(folder)["accuracy"]["data"].string() == "calibration samples")
    #expect(try report(folder)["accuracy"]["samples"].int() == 4)
    #expect(try report(folder)["warnings"].strings().contains { $0.hasPrefix("too few calibration samples") })
  }

  /// A guess about preprocessing is a warning in every command, and ends it under --strict.
  @Test func aGuessIsRefusedUnderStrict() throws {
    for words in [["run", Fixture.mobilenet, Fixture.image], ["eval", Fixture.mobilenet, Fixture.evaluation]] {
      let outcome = try Program.run(words + ["--strict"])
      #expect(outcome.status == 3)
      #expect(outcome.isOneLine(with: ["no preprocessing is given", "--strict"]), "\(outcome.error)")
    }
  }

  /// Sizes and hash are of the model with the files its weights lie in.
  @Test func weightsBesideTheModelCount() throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad("external_missing"), as: "model.onnx")
    let kernel = Models.numbers([4, 3, 3, 3])
    let weights = kernel.withBytes(Array.init)
    try OutputFile.write(weights, to: folder / "kernel.bin")
    let outcome = try Program.run("compile", model, "-o", folder / "small.derm")
    #expect(outcome.status == 0, "\(outcome.error)")
    let source = try report(folder)["source"]
    let all = try MappedFile.contents(of: model) + weights
    #expect(try source["bytes"].int() == all.count)
    #expect(try source["sha256"].string() == SHA256(of: all).hex)
    let stats = try Program.run("stats", model)
    #expect(stats.output.contains(Figures.grouped(all.count)), "\(stats.output)")
  }
}
