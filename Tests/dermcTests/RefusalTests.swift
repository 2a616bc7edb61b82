import CanonicalJSON
import NumPyFiles
import Platform
import Tensors
import Testing

/// Models and command lines that are refused: one clear line, the right exit code, nothing written.
@Suite struct RefusalTests {
  /// What is refused of a model, and what the line must say.
  struct Case: Sendable, CustomTestStringConvertible {
    let model: String
    let parts: [String]
    var options: [String] = []
    var testDescription: String { model }
  }

  static let models = [
    Case(model: "truncated", parts: ["truncated.onnx", "truncated or damaged", "copy or download it again"]),
    Case(
      model: "external_missing", parts: ["external_missing.onnx", "node conv", "kernel.bin", "is missing", "put it"]),
    Case(
      model: "unknown_operators", parts: ["opset 13", "MaxRoiPool (odd/one, odd/three)", "Multinomial (odd/two)"]),
    Case(model: "free_size", parts: ["free_size.onnx", "height and width", "--size"]),
    Case(model: "nan_weights", parts: ["nan_weights.onnx", "kernel", "NaN"]),
    Case(model: "odd_name", parts: ["odd_name.onnx", "MaxRoiPool"]),
    Case(
      model: "four_channels", parts: ["four_channels.onnx", "[1, 4, 8, 8]", "--layout"],
      options: ["--int8", "--calib", Fixture.calibration]),
    Case(
      model: "gray", parts: ["3 channels (rgb)", "input has 1", "--channels gray"],
      options: ["--int8", "--calib", Fixture.calibration, "--channels", "rgb"]),
    Case(
      model: "small", parts: ["1 channels (gray)", "input has 3", "--channels rgb"],
      options: ["--int8", "--calib", Fixture.calibration, "--channels", "gray"]),
    Case(
      model: "batch_of_4", parts: ["batch_of_4.onnx", "fixed at 4", ".npy"],
      options: ["--int8", "--calib", Fixture.calibration]),
    Case(
      model: "decision", parts: ["decision.onnx", "decision is int64", "expected float32"],
      options: ["--int8", "--calib", Fixture.calibration]),
    Case(
      model: "vector", parts: ["vector.onnx", "float32[1,6]", "images need", ".npy"],
      options: ["--int8", "--calib", Fixture.calibration]),
    Case(model: "small", parts: ["--size 16x16", "[1, 3, 8, 8]"], options: ["--size", "16"]),
  ]

  @Test(arguments: models) func modelIsRefused(_ test: Case) throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad(test.model))
    let outcome = try Program.run(["compile", model, "-o", folder / "out.derm"] + test.options)
    #expect(outcome.status == 3)
    #expect(outcome.isOneLine(with: test.parts), "\(outcome.error)")
    #expect(outcome.output == "")
    #expect(folder.names == ["\(test.model).onnx"])
  }

  @Test func filesThatAreNoModelsAreRefused() throws {
    let folder = try Folder()
    let text = try folder.write("This is not a model.\n", to: "text.onnx")
    let empty = try folder.write("", to: "empty.onnx")
    mkfifo(folder / "pipe.onnx", 0o600)
    let unopened = [folder.path, folder / "missing.onnx", folder / "pipe.onnx"]
    for path in [text, empty, Fixture.image] + unopened {
      for command in ["stats", "bench", "compile"] {
        let outcome = try Program.run(command, path)
        #expect(outcome.status == 3, "\(command) \(path)")
        #expect(outcome.isOneLine(with: [path]), "\(outcome.error)")
      }
      let outcome = try Program.run("verify", path)
      #expect(outcome.status == (unopened.contains(path) ? 3 : 1))
      #expect(outcome.isOneLine(with: [path]), "\(outcome.error)")
    }
    #expect(folder.names == ["empty.onnx", "pipe.onnx", "text.onnx"])
  }

  @Test func freeSizesAreBound() throws {
    let outcome = try Program.run("stats", Fixture.bad("free_size"), "--size", "6x10", "--json")
    #expect(outcome.status == 0)
    // 3 x 3 x 3 x 4 for each of 60 places, and 4 x 3.
    #expect(try outcome.json()["macs"].int() == 108 * 60 + 12)
  }

  static let usages: [(words: [String], parts: [String])] = [
    (["--int8"], ["--int8 needs --calib"]),
    (["--prune", "1.5"], ["--prune 1.5"]),
    (["--target-size", "tiny"], ["--target-size tiny", "900KB"]),
    (["--target-ratio", "1"], ["--target-ratio 1", "above 1"]),
    (["--max-kl", "-1"], ["--max-kl -1", "above 0"]),
    (["--target-ratio", "8", "--max-kl", "0.1"], ["--target-ratio and --max-kl exclude each other"]),
    (["--target-ratio", "8"], ["--target-ratio: needs --int8"]),
    (["--int8", "--target-ratio", "8", "--rounding", "nearest"], ["--rounding: where a size or a cost is asked for"]),
    (["--prune", "-0.1"], ["--prune -0.1", "from 0 to below 1"]),
    (["--prune", "0.5", "--prune-method", "obs"], ["--prune-method obs", "needs --calib DIR"]),
    (["--prune-channels", "1"], ["--prune-channels 1.0", "from 0 to below 1"]),
    (["--samples", "-3"], ["--samples -3"]),
    (["--threads", "-1"], ["--threads -1"]),
    (["--samples", "0"], ["--samples 0"]),
    (["--threads", "0"], ["--threads 0"]),
    (["--mean", "a,b"], ["--mean", "'a' is not a number"]),
    (["--size", "0"], ["--size", "'0' is not a size"]),
    (["--report", "report.pdf"], ["report.pdf", ".html"]),
    (["--range", "mse"], ["--range: needs --int8"]), (["--effort", "max"], ["--effort: needs --int8"]),
    (["--rounding", "nearest", "--prune", "0.5"], ["--rounding: needs --int8"]),
    (["--biases", "network"], ["--biases: needs --int8"]), (["--equalize"], ["--equalize: needs --int8"]),
    (["--no-equalize"], ["--no-equalize: needs --int8"]),
  ]

  @Test(arguments: usages) func usageIsRefused(words: [String], parts: [String]) throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad("small"))
    let outcome = try Program.run(["compile", model] + words)
    #expect(outcome.status == 2)
    #expect(outcome.isOneLine(with: parts), "\(outcome.error)")
    #expect(folder.names == ["small.onnx"])
  }

  @Test(arguments: [
    ("--range", "best", ["minmax", "percentile", "mse", "l3", "l4"]), ("--effort", "some", ["fast", "default", "max"]),
    ("--rounding", "up", ["nearest", "compensated"]), ("--biases", "none", ["weights", "network"]),
    ("--store", "small", ["compact", "raw"]),
    ("--prune-method", "random", ["magnitude", "adaptive", "obs"]),
    ("--prune-scope", "row", ["global", "layer"]), ("--channels", "cmyk", ["rgb", "bgr", "gray"]),
    ("--resize", "stretch", ["direct", "center-crop"]), ("--layout", "chwn", ["nchw", "nhwc"]),
    ("--task", "regression", ["multiclass", "binary", "multilabel", "none"]),
    ("--scores", "odds", ["logits", "probabilities"]),
  ])
  func wordsThatAnOptionDoesNotKnowAreRefused(option: String, word: String, known: [String]) throws {
    let outcome = try Program.run("compile", Fixture.bad("small"), option, word)
    #expect(outcome.status == 2 && outcome.output == "")
    for part in ["'\(word)'", option] + known.map({ "'\($0)'" }) {
      #expect(outcome.error.contains(part), "\(part) in \(outcome.error)")
    }
  }

  @Test func commandLinesThatDoNotParseAreWrongUsage() throws {
    for words in [
      ["compile"], ["compile", "--nonsense"], ["eval", "model.onnx"], ["run", "a", "--top", "x"],
    ] {
      let outcome = try Program.run(words)
      #expect(outcome.status == 2, "\(words)")
      #expect(outcome.output == "" && outcome.error.contains("Usage: dermc"), "\(outcome.error)")
    }
  }

  @Test func mistypedWordsAreNamed() throws {
    for (words, parts) in [
      (["complie", "model.onnx"], ["complie is no command", "did you mean compile?"]),
      (["nonsense"], ["nonsense is no command (", "compile, stats"]),
    ] {
      let outcome = try Program.run(words)
      #expect(outcome.status == 2)
      #expect(outcome.isOneLine(with: parts), "\(outcome.error)")
    }
    let option = try Program.run("compile", "model.onnx", "--int9")
    #expect(option.status == 2)
    #expect(option.error.contains("'--int9'") && option.error.contains("'--int8'"), "\(option.error)")
  }

  @Test func outputsDoNotReplaceInputsOrEachOther() throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad("small"))
    let bytes = try MappedFile.contents(of: model)
    #expect(try Program.run("convert", model, "-o", folder / "small.derm").status == 0)
    for words in [
      ["compile", model, "-o", model],
      ["compile", model, "-o", folder / "../\(folder.path.split(separator: "/").last ?? "")/small.onnx"],
      ["compile", folder / "small.derm"], ["convert", model, "-o", model],
      ["compile", model, "-o", folder / "a.md", "--report", folder / "a.md"],
    ] {
      let outcome = try Program.run(words)
      #expect(outcome.status == 2, "\(words)")
      #expect(outcome.isOneLine(with: ["would"]), "\(outcome.error)")
    }
    #expect(try MappedFile.contents(of: model) == bytes)
    #expect(folder.names == ["small.derm", "small.onnx"])
    #expect(try Program.run("convert", model, "-o", folder / "model.tflite").status == 2)
  }

  @Test func namesDoNotBreakLines() throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.bad("small"), as: "two\nlines\u{1B}[31m.onnx")
    let stats = try Program.run("stats", model)
    #expect(stats.status == 0 && !stats.output.contains("\u{1B}") && stats.output.contains("two\\u{a}lines"))
    let compile = try Program.run("compile", model)
    #expect(compile.status == 0)
    #expect(!compile.output.contains("\u{1B}") && !compile.output.contains("two\nlines"))
    let missing = try Program.run("stats", folder / "a\nb")
    #expect(missing.status == 3 && missing.isOneLine(with: ["a\\u{a}b"]))
  }
}
