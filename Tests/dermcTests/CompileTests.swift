import CanonicalJSON
import Tensors
import Testing

/// The demo's job on the fixtures.
@Suite struct CompileTests {
  /// Compiles the small CNN to int8 with some of the calibration images, into `name.derm` of a folder.
  private func compileCNN(_ folder: Folder, _ name: String, samples: Int, _ options: [String]) throws -> Outcome {
    try Program.run(
      [
        "compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing,
        "--samples", "\(samples)", "-o", folder / "\(name).derm",
      ] + options)
  }

  private func readReport(_ folder: Folder, _ name: String) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "\(name).report.json")), name: "report")
  }

  /// The report of a compilation that is right.
  private func compiledCNN(
    _ folder: Folder, _ name: String, samples: Int, _ options: [String]
  ) throws -> JSONNode {
    let outcome = try compileCNN(folder, name, samples: samples, options)
    #expect(outcome.status == 0, "\(outcome.error)")
    return try readReport(folder, name)
  }

  @Test func writesBundleAndReportsAndSummary() throws {
    let (folder, outcome) = try Compiled.result.get()
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    #expect(folder.names == ["model.derm", "model.onnx", "model.report.json", "page.html", "page.md"])
    for part in ["model.onnx → model.derm", "4.1× smaller", "14.5 M MACs", "top-1", "agreement", "210 labelled images"]
    {
      #expect(outcome.output.contains(part), "\(part) in \(outcome.output)")
    }
    for file in ["model.derm", "model.report.json", "page.html", "page.md"] {
      #expect(outcome.output.contains(folder / file))
      #expect(try MappedFile.contents(of: folder / file).count > 1000)
    }
  }

  @Test func reportHoldsWhatWasMeasured() throws {
    let (folder, _) = try Compiled.result.get()
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
    #expect(try report["schema"].int() == 1)
    #expect(try report["source"]["file"].string() == "model.onnx")
    #expect(try report["source"]["bytes"].int() == 873_505)
    let bytes = try report["bundle"]["bytes"].int()
    #expect(try bytes == MappedFile.contents(of: folder / "model.derm").count)
    #expect(bytes < 240_000)
    // Sections, and a header with a line for each and less than 64 bytes of padding before it.
    let sections = try report["bundle"]["sections"].elements()
    let container = try report["bundle"]["container_bytes"].int()
    #expect(try container + sections.reduce(0) { try $0 + $1["stored_bytes"].int() } == bytes)
    #expect(container >= 64 + 128 * sections.count && container < 64 + 192 * sections.count)
    #expect(try sections.first { try $0["name"].string() == "weights" }?["codec"].string() == "rans")
    try expectAccount(of: report)
    #expect(try report["stats"]["parameters"].int() == 200_455)
    #expect(try report["stats"]["macs"].int() == 14_508_352)
    #expect(try report["calibration"]["samples"].int() == 140)
    #expect(try report["layers"].elements().count > 30)
    for layer in try report["layers"].elements() where try layer["macs"].int() > 0 {
      #expect(try layer["precision"].string() == "int8")
    }

    let accuracy = try report["accuracy"]
    #expect(try accuracy["samples"].int() == 210)
    let (before, after) = (try accuracy["float"]["top1"].double(), try accuracy["compiled"]["top1"].double())
    #expect(before == 176.0 / 210)
    #expect(abs(after - before) <= 0.03)
    #expect(try accuracy["agreement"].double() >= 0.93)
    #expect(try accuracy["compiled"]["per_class"].elements().map { try $0["name"].string() } == Fixture.classes)
  }

  @Test func putsNoPatientsPictureIntoAReportUnasked() throws {
    let (folder, _) = try Compiled.result.get()
    let page = String(decoding: try MappedFile.contents(of: folder / "page.html"), as: UTF8.self)
    #expect(page.contains("Images that are decided otherwise"))
    #expect(!page.contains("data:") && !page.contains("<img"))
    #expect(page.utf8.count < 150_000)
    // Nor what another run would not repeat.
    #expect(!page.contains("measured on this machine"))
  }

  @Test func showsPicturesAndTimesWhereAsked() throws {
    let folder = try Folder()
    let answers = Fixture.root + "answers"
    func compile(_ options: [String]) throws -> Outcome {
      try Program.run(
        [
          "compile", answers + "/traits_logits.onnx", "--int8", "--calib", Fixture.calibration, "--preprocess",
          answers + "/preprocess.json", "--task", "multilabel", "-o", folder / "model.derm", "--quiet",
        ] + options)
    }
    let outcome = try compile([
      "--eval", Fixture.evaluation, "--table", answers + "/traits.csv", "--thumbnails", "--latency", "--report",
      folder / "page.html", folder / "page.md", "--predictions", folder / "all.csv",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let page = String(decoding: try MappedFile.contents(of: folder / "page.html"), as: UTF8.self)
    let lines = String(decoding: try MappedFile.contents(of: folder / "all.csv"), as: UTF8.self).split(
      separator: "\r\n")
    let header = lines[0].split(separator: ",")
    let column = try #require(header.firstIndex(of: "changed"))
    let changed = lines.dropFirst().count { $0.split(separator: ",", omittingEmptySubsequences: false)[column] == "1" }
    #expect(changed > 0 && page.split(separator: "<img src=\"data:image/jpeg;base64,").count == min(changed, 50) + 1)
    #expect(page.contains("Time for one image, measured on this machine"))
    #expect(String(decoding: try MappedFile.contents(of: folder / "page.md"), as: UTF8.self).contains("One thread"))
    let report = String(decoding: try MappedFile.contents(of: folder / "model.report.json"), as: UTF8.self)
    #expect(!report.contains("latency") && !report.contains("base64"))

    let nowhere = try compile(["--thumbnails", "--report", folder / "other.html"])
    #expect(nowhere.status == 2 && nowhere.isOneLine(with: ["--thumbnails", "--eval", "FILE.html"]))
    let unseen = try compile(["--latency"])
    #expect(unseen.status == 2 && unseen.isOneLine(with: ["--latency", "FILE.md"]))
  }

  @Test func holdsBackSamplesWithoutLabelledData() throws {
    let folder = try Folder()
    let model = try folder.copy(Fixture.cnn, as: "model.onnx")
    let outcome = try Program.run(
      "compile", model, "--int8", "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing, "--samples",
      "24", "-o", folder / "small.derm", "--quiet")
    #expect(outcome.status == 0)
    #expect(outcome.output == "" && outcome.error == "")
    #expect(folder.names == ["model.onnx", "small.derm", "small.report.json"])
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "small.report.json")), name: "report")
    #expect(try report["calibration"]["samples"].int() == 21)
    #expect(try report["accuracy"]["samples"].int() == 3)
    #expect(try report["accuracy"]["data"].string() == "held-back calibration samples")
  }

  /// Channels are equalized where that is asked for, or where it was found to lose less; layers are compared all the
  /// same with what they are in the float model.
  @Test func equalizesChannels() throws {
    let folder = try Folder()
    func compile(_ name: String, _ options: [String]) throws -> JSONNode {
      try compiledCNN(folder, name, samples: 32, options)
    }
    let asked = try compileCNN(folder, "equal", samples: 32, ["--effort", "fast", "--equalize"])
    #expect(asked.output.contains("channels equalized: of "), "\(asked.output)")
    let equal = try readReport(folder, "equal")
    let plain = try compile("plain", ["--effort", "fast"])
    #expect(try equal["recipe"]["equalize"].string() == "always")
    #expect(try equal["calibration"]["equalized_layers"].int() > 0)
    #expect(try equal["calibration"].optional("channel_search") == nil)
    #expect(try plain["calibration"].optional("equalized_layers") == nil)
    #expect(try equal["passes"].elements().contains { try $0["pass"].string() == "equalize-channels" })
    for layer in try equal["layers"].elements() {
      if let level = try layer.optional("output_sqnr_db") { #expect(try level.double() > 20) }
    }
    let searched = try compile("searched", ["--range", "l3"])["calibration"]
    let candidates = try searched["channel_search"]["candidates"].elements()
    #expect(try candidates.map { try $0["channels"].string() } == ["equalized", "as they are"])
    let costs = try candidates.map { try $0["cost"].double() }
    let isTaken = try searched.optional("equalized_layers") != nil
    #expect(isTaken || costs[1] < costs[0])
  }

  /// Ranges are searched unless one estimator is asked for, by name or by haste.
  @Test func choosesRangesByWhatTheyCost() throws {
    let folder = try Folder()
    func compile(_ name: String, _ options: [String]) throws -> JSONNode {
      let outcome = try compileCNN(folder, name, samples: 32, options)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains(", mse 0.") == options.contains("--threads"))
      #expect(outcome.output.contains("nearest + weights") == (name != "fast" && name != "mse"))
      return try readReport(folder, name)
    }
    let report = try compile("one", ["--threads", "1"])
    #expect(try report["recipe"]["range"].string() == "auto")
    let calibration = try report["calibration"]
    let chosen = try calibration["range"].string()
    #expect(try calibration["samples"].int() == 28)
    let search = try calibration["range_search"]
    #expect(try search["samples"].int() == 14)
    #expect(try search["measure"].string() == "kl")
    let candidates = try search["candidates"].elements()
    #expect(try candidates.map { try $0["range"].string() } == ["l3", "l4", "mse", "percentile", "minmax"])
    for candidate in candidates {
      #expect(try candidate["cost"].double() > 0 && candidate["standard_error"].double() > 0)
    }
    // So are weights and biases: plain ones are taken only where they are better.
    let weights = try calibration["weight_search"]["candidates"].elements()
    let costs = try weights.map { try $0["cost"].double() }
    #expect(
      try weights.map { try "\($0["rounding"].string()) \($0["biases"].string())" } == [
        "compensated network", "nearest weights",
      ])
    let taken = try weights.firstIndex {
      try $0["rounding"].string() == calibration["rounding"].string()
        && $0["biases"].string() == calibration["biases"].string()
    }
    #expect(taken == 0 || taken == 1 && costs[1] < costs[0])
    _ = try compile("two", ["--threads", "2"])
    _ = try compile("named", ["--range", chosen])
    _ = try compile("fast", ["--effort", "fast"])
    _ = try compile("mse", ["--range", "mse", "--rounding", "nearest", "--biases", "weights", "--no-equalize"])
    func bytes(_ name: String) throws -> [UInt8] { try MappedFile.contents(of: folder / "\(name).derm") }
    #expect(try bytes("one") == bytes("two"))
    #expect(try bytes("fast") == bytes("mse"))
    #expect(try bytes("fast") != bytes("one"))
    // The chosen one on all samples, as if it had been asked for.
    for name in ["one", "named"] {
      let run = try Program.run(
        "run", folder / "\(name).derm", Fixture.image, "--output", folder / "\(name).npy", "--quiet")
      #expect(run.status == 0)
    }
    #expect(
      try MappedFile.contents(of: folder / "one.npy") == MappedFile.contents(of: folder / "named.npy"))
  }

  /// Steps of weights are as fine as the size allows; the file is what was asked for, on any number of threads.
  @Test func compilesToASize() throws {
    let folder = try Folder()
    func compile(_ name: String, _ options: [String]) throws -> JSONNode {
      try compiledCNN(folder, name, samples: 48, options)
    }
    let plain = try compile("plain", [])
    let report = try compile("one", ["--target-ratio", "6", "--threads", "1"])
    let (source, bytes) = (try report["source"]["bytes"].int(), try report["bundle"]["bytes"].int())
    #expect(try bytes < plain["bundle"]["bytes"].int())
    #expect(6 * bytes <= source && 6.4 * Double(bytes) > Double(source))
    #expect(try report["recipe"]["target"]["ratio"].double() == 6)
    let search = try report["calibration"]["step_search"]
    #expect(try search["samples"].int() == 21)
    let candidates = try search["candidates"].elements()
    #expect(try candidates.count > 1 && search["chosen"].int() < candidates.count)
    #expect(try candidates[0]["bytes"].int() > bytes)
    _ = try compile("two", ["--target-ratio", "6", "--threads", "2"])
    #expect(try MappedFile.contents(of: folder / "one.derm") == MappedFile.contents(of: folder / "two.derm"))
    let verify = try Program.run("verify", folder / "one.derm")
    #expect(verify.status == 0, "\(verify.error)")
    // A cost: smaller than plain int8, and what the search measured is within it.
    let cost = try compile("cost", ["--max-kl", "0.02"])
    #expect(try cost["bundle"]["bytes"].int() < plain["bundle"]["bytes"].int())
    let found = try cost["calibration"]["step_search"]
    #expect(try found["candidates"].elements()[found["chosen"].int()]["cost"].double() <= 0.02)
  }

  /// What cannot be had is said, with what can, and nothing is left behind.
  @Test func saysWhatIsOutOfReach() throws {
    let folder = try Folder()
    let outcome = try compileCNN(folder, "small", samples: 32, ["--target-size", "1KB"])
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["out of reach", "coarsest"]), "\(outcome.error)")
    #expect(folder.names == [])
  }

  /// Layers stay float until answers are as near as asked for, and as few as that takes.
  @Test func keepsInFloatWhatALimitAsksFor() throws {
    let folder = try Folder()
    func compile(_ name: String, _ options: [String]) throws -> JSONNode {
      let outcome = try compileCNN(folder, name, samples: 48, options)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("limit  ") && outcome.output.contains("asked for"), "\(outcome.output)")
      return try readReport(folder, name)
    }
    func kept(_ report: JSONNode) throws -> [String] {
      try report["layers"].elements().filter { try $0["reason"].string() == "kept in float for the answers' sake" }
        .map { try $0["name"].string() }
    }
    // Nearer than int8 can be.
    let near = try compile("near", ["--max-kl", "0.00003", "--threads", "1"])
    let search = try near["calibration"]["precision_search"]
    let trials = try search["candidates"].elements()
    #expect(try search["measure"].string() == "kl" && trials[0]["loss"].double() > 0.00003)
    #expect(try trials[search["chosen"].int()]["loss"].double() <= 0.00003)
    #expect(try search["loss"]["value"].double() <= 0.00003 && search["samples"].int() == 21)
    let names = try search["kept"].elements().map { try $0["name"].string() }
    #expect(try !names.isEmpty && names.sorted() == kept(near).sorted())
    #expect(try near["recipe"]["target"]["cost"].double() == 0.00003)
    #expect(try near["layers"].elements().contains { try $0["precision"].string() == "int8" })
    _ = try compile("again", ["--max-kl", "0.00003", "--threads", "2"])
    #expect(try MappedFile.contents(of: folder / "near.derm") == MappedFile.contents(of: folder / "again.derm"))
    #expect(try Program.run("verify", folder / "near.derm").status == 0)

    // Everything in float is as near as anything can be.
    let float = try compile("float", ["--min-agreement", "100", "--effort", "fast"])
    let found = try float["calibration"]["precision_search"]
    #expect(try found["measure"].string() == "disagreement" && found["loss"]["value"].double() == 0)
    #expect(try float["recipe"]["target"]["agreement"].double() == 1)
    // What int8 holds takes nothing in float.
    let far = try compile("far", ["--max-drop", "20", "--effort", "fast"])
    #expect(try kept(far) == [] && far["calibration"]["precision_search"]["kept"].elements().isEmpty)
    #expect(try far["calibration"]["precision_search"]["measure"].string() == "drop")
  }

  /// A limit is one, of what it is said to be, on samples that can judge it.
  @Test(
    arguments: [
      (["--min-agreement", "101"], 2, ["--min-agreement 101", "up to 100"]),
      (["--max-drop", "-1"], 2, ["--max-drop -1", "percentage points"]),
      (["--max-drop", "1", "--target-ratio", "6"], 2, ["--target-ratio", "--max-drop", "exclude"]),
      (["--min-agreement", "99", "--samples", "10"], 3, ["--min-agreement", "at least 16 calibration samples"]),
      (["--min-agreement", "99", "--task", "none"], 2, ["--min-agreement", "decides nothing", "--max-kl"]),
    ] as [([String], Int32, [String])])
  func refusesLimitsThatSayNothing(options: [String], status: Int32, parts: [String]) throws {
    let folder = try Folder()
    let outcome = try compileCNN(folder, "refused", samples: 32, options)
    #expect(outcome.status == status && outcome.isOneLine(with: parts), "\(outcome.error)")
    #expect(folder.names == [])
  }

  /// With too few samples to judge on there is nothing to tell.
  @Test func choosesNothingOnFewSamples() throws {
    let folder = try Folder()
    let outcome = try compileCNN(folder, "few", samples: 10, [])
    #expect(outcome.status == 0 && !outcome.output.contains("l3: KL"))
    let report = try readReport(folder, "few")
    #expect(try report["calibration"]["range"].string() == "l3")
    #expect(try report["calibration"].optional("range_search") == nil)
  }

  @Test func floatBundleGivesTheModelsOutputs() throws {
    let folder = try Folder()
    let bundle = folder / "float.derm"
    let compile = try Program.run("compile", Fixture.mobilenet, "-o", bundle)
    #expect(compile.status == 0, "\(compile.error)")
    #expect(try Program.run("verify", bundle).status == 0)
    for model in [Fixture.mobilenet, bundle] {
      let output = folder / (model == bundle ? "bundle.npy" : "model.npy")
      let run = try Program.run(
        "run", model, Fixture.image, "--preprocess", Fixture.preprocessing, "--output", output, "--quiet")
      #expect(run.status == 0 && run.output == "")
    }
    #expect(try MappedFile.contents(of: folder / "model.npy") == MappedFile.contents(of: folder / "bundle.npy"))
  }

  /// Raw and compact bundles are two forms of one: convert goes from each to the very bytes compile writes of the
  /// other.
  @Test func storesWeightsAsAsked() throws {
    let folder = try Folder()
    for store in ["compact", "raw"] {
      let outcome = try compileCNN(folder, store, samples: 10, ["--store", store, "--quiet"])
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try readReport(folder, store)
      #expect(try report["recipe"]["store"].string() == store)
      try expectAccount(of: report, isRaw: store == "raw")
      for section in try report["bundle"]["sections"].elements() where try section["name"].string() == "weights" {
        #expect(try (section["codec"].string() == "raw") == (store == "raw"))
      }
    }
    for (store, other) in [("compact", "raw"), ("raw", "compact")] {
      let (source, target) = (folder / "\(store).derm", folder / "converted.derm")
      #expect(try Program.run("convert", source, "-o", target, "--store", other, "--quiet").status == 0)
      #expect(try MappedFile.contents(of: target) == MappedFile.contents(of: folder / "\(other).derm"))
      #expect(try Program.run("convert", source, "-o", target, "--quiet").status == 0)
      #expect(try MappedFile.contents(of: target) == MappedFile.contents(of: source))
      #expect(try Program.run("verify", target).status == 0)
    }
  }

  /// The bytes of layers, other sections and the container are those of the file, to the last one.
  private func expectAccount(of report: JSONNode, isRaw: Bool = false) throws {
    let bundle = try report["bundle"]
    let account = try bundle["account"].members().map { (name: $0.0, bytes: try $0.1.int()) }
    #expect(try account.reduce(0) { $0 + $1.bytes } == bundle["bytes"].int() && account.allSatisfy { $0.bytes >= 0 })
    let lines = Dictionary(account.map { ($0.name, $0.bytes) }, uniquingKeysWith: +)
    for (line, member) in [
      ("weights", "weights"), ("steps", "steps"), ("biases", "biases"), ("other_constants", "other"),
    ] {
      let sum = try report["layers"].elements().reduce(0) { try $0 + $1["stored"][member].int() }
      #expect(sum == lines[line], "\(line)")
    }
    #expect(try lines["container"] == bundle["container_bytes"].int())
    var bits: [Double] = []
    for layer in try report["layers"].elements() where try layer["macs"].int() > 0 {
      let stored = try layer["stored"]
      #expect(try stored["weights"].int() > 0 && stored["biases"].int() > 0)
      if isRaw { #expect(try stored["weights"].int() == layer["weights"].int()) }
      bits.append(try layer["stored_bits"].double())
    }
    // Plain int8 is eight bits as it is, and between six and eight where it is coded.
    #expect(!bits.isEmpty && bits.allSatisfy { isRaw ? $0 == 8 : $0 > 5.5 && $0 < 8.2 }, "\(bits)")
  }

  @Test func prunedWeightsStayZero() throws {
    let folder = try Folder()
    let outcome = try Program.run(
      "compile", Fixture.mobilenet, "--prune", "0.5", "-o", folder / "pruned.derm", "--verbose")
    #expect(outcome.status == 0)
    #expect(outcome.error.split(separator: "\n").allSatisfy { $0.hasPrefix("dermc: ") })
    #expect(outcome.error.contains("prune"))
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "pruned.report.json")), name: "report")
    // Depthwise convolutions are not pruned.
    let layers = try report["layers"].elements().filter {
      try $0["macs"].int() > 0 && !$0["name"].string().contains("depthwise")
    }
    let zeros = try layers.map { try $0["sparsity"].double() * Double($0["weights"].int()) }.reduce(0, +)
    let weights = try layers.map { try $0["weights"].int() }.reduce(0, +)
    #expect(abs(zeros / Double(weights) - 0.5) < 0.01)
    #expect(try report["compiled"]["effective_macs"].int() < report["compiled"]["macs"].int())
  }

  /// With calibration data weights go by what they cost, and stay zero in int8.
  @Test(arguments: [false, true]) func weightsGoByWhatTheyCost(isInt8: Bool) throws {
    let folder = try Folder()
    let words =
      [
        "compile", Fixture.mobilenet, "--prune", "0.5", "--calib", Fixture.calibration, "--preprocess",
        Fixture.preprocessing,
      ] + (isInt8 ? ["--int8"] : [])
    for threads in ["1", "2"] {
      let outcome = try Program.run(words + ["-o", folder / "obs\(threads).derm", "--threads", threads])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("obs: 50.0 % of "))
    }
    #expect(try MappedFile.contents(of: folder / "obs1.derm") == MappedFile.contents(of: folder / "obs2.derm"))
    #expect(
      try Program.run(words + ["--prune-method", "adaptive", "-o", folder / "adaptive.derm"]).status == 0)
    func read(_ name: String) throws -> JSONNode {
      JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "\(name).report.json")), name: "report")
    }
    let (obs, adaptive) = (try read("obs1"), try read("adaptive"))
    #expect(try obs["recipe"]["prune_method"].string() == "obs" && adaptive["pruning"]["method"].string() == "adaptive")
    #expect(try obs["pruning"]["threshold"].double() > 0)
    #expect(try obs["accuracy"]["sqnr_db"].double() > adaptive["accuracy"]["sqnr_db"].double() + 3)
    let layers = try obs["layers"].elements().filter {
      try $0["macs"].int() > 0 && !$0["name"].string().contains("depthwise")
    }
    let zeros = try layers.map { try $0["sparsity"].double() * Double($0["weights"].int()) }.reduce(0, +)
    #expect(try zeros >= 0.99 * Double(obs["pruning"]["zeros"].int()))
  }

  /// Fewer channels: fewer multiplications, less memory for weights, and a bundle like any other.
  @Test(arguments: [["--int8", "--calib", Fixture.calibration], ["--calib", Fixture.calibration], []])
  func channelsAreRemoved(options: [String]) throws {
    let folder = try Folder()
    let words = ["compile", Fixture.mobilenet, "--preprocess", Fixture.preprocessing] + options
    #expect(try Program.run(words + ["-o", folder / "whole.derm"]).status == 0)
    for threads in ["1", "2"] {
      let outcome = try Program.run(
        words + ["--prune-channels", "0.3", "-o", folder / "narrow\(threads).derm", "--threads", threads])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains(options.isEmpty ? "adaptive: " : "obs: "))
    }
    #expect(try MappedFile.contents(of: folder / "narrow1.derm") == MappedFile.contents(of: folder / "narrow2.derm"))
    #expect(try Program.run("verify", folder / "narrow1.derm").status == 0)
    func read(_ name: String) throws -> JSONNode {
      JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "\(name).report.json")), name: "report")
    }
    let (whole, narrow) = (try read("whole"), try read("narrow1"))
    let macs = try narrow["compiled"]["macs"].int()
    #expect(try macs == narrow["channels"]["macs"].int())
    #expect(try narrow["channels"]["macs_before"].int() == whole["compiled"]["macs"].int())
    #expect(try Double(macs) <= 0.7 * Double(whole["compiled"]["macs"].int()))
    #expect(try narrow["compiled"]["packed_bytes"].int() < whole["compiled"]["packed_bytes"].int())
    // The widest layer may be one that loses nothing.
    let peak = "peak_activation_bytes"
    #expect(try narrow["compiled"][peak].int() <= whole["compiled"][peak].int())
    #expect(try narrow["bundle"]["bytes"].int() < whole["bundle"]["bytes"].int())
  }

  /// The same input and recipe give the same bytes, whatever the number of threads and the instruction set.
  @Test(arguments: [("1", ""), ("2", ""), ("1", "avx2"), ("2", "scalar")])
  func isDeterministic(threads: String, isa: String) throws {
    let (folder, reference) = (try Folder(), try Folder())
    for place in [folder, reference] {
      let outcome = try Program.run(
        [
          "compile", Fixture.mobilenet, "--int8", "--calib", Fixture.calibration, "--samples", "10", "--preprocess",
          Fixture.preprocessing, "-o", place / "model.derm", "--threads", place === folder ? threads : "1",
        ], environment: place === folder && !isa.isEmpty ? ["DERMC_ISA": isa] : [:])
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    #expect(
      try MappedFile.contents(of: folder / "model.derm") == MappedFile.contents(of: reference / "model.derm"))
    // What running a model takes of memory is all that depends on the machine.
    let (first, second) = (try lines(of: folder / "model.report.json"), try lines(of: reference / "model.report.json"))
    func ofModel(_ lines: [Substring]) -> [Substring] {
      lines.filter { line in !["scratch_bytes", "packed_bytes", "memory_bytes"].contains { line.contains($0) } }
    }
    #expect(ofModel(first) == ofModel(second))
    if isa.isEmpty { #expect(first == second) }
  }

  private func lines(of path: String) throws -> [Substring] {
    String(decoding: try MappedFile.contents(of: path), as: UTF8.self).split(separator: "\n")
  }
}
