import CanonicalJSON
import NumPyFiles
import Tensors
import Testing

/// Commands on models and bundles that are in order.
@Suite struct CommandTests {
  @Test(arguments: [(Fixture.mobilenet, 200_455, 14_508_352), (Fixture.cnn, 692_011, 30_028_416)])
  func statsAreExact(model: String, parameters: Int, macs: Int) throws {
    let outcome = try Program.run("stats", model, "--json")
    #expect(outcome.status == 0 && outcome.error == "")
    let stats = try outcome.json()
    #expect(try stats["parameters"].int() == parameters)
    #expect(try stats["macs"].int() == macs)
    #expect(try stats["flops"].int() == 2 * macs)
    #expect(try stats["peak_activation_bytes"].int() > 0)
    #expect(try stats["layers"].elements().map { try $0["macs"].int() }.reduce(0, +) == macs)
    let text = try Program.run("stats", model, "--per-layer")
    #expect(text.output.contains("MACs") && text.output.split(separator: "\n").count > 20)
  }

  @Test func runsAnImageWithTheBundlesPreprocessingAndLabels() throws {
    let outcome = try Program.run("run", try Compiled.bundle(), Fixture.image, "--top", "2", "--json")
    #expect(outcome.status == 0 && outcome.error == "")
    let rows = try outcome.json().elements()
    #expect(rows.count == 1)
    let top = try rows[0]["top"].elements()
    #expect(top.count == 2)
    #expect(try Fixture.classes.contains(top[0]["class"].string()))
    #expect(try Fixture.classes[top[0]["index"].int()] == top[0]["class"].string())
    #expect(try top[0]["probability"].double() >= top[1]["probability"].double())
    #expect(try rows[0]["output"].elements().count == 7)
  }

  @Test func runsBatchesSingleTensorsAndFolders() throws {
    let folder = try Folder()
    let size = 3 * 96 * 96
    let values = (0..<3 * size).map { Float($0 % 251) / 125 - 1 }
    try NumPyFile.write(Tensor(values, shape: [3, 3, 96, 96]), to: folder / "batch.npy")
    try NumPyFile.write(Tensor(Array(values[size..<2 * size]), shape: [3, 96, 96]), to: folder / "single.npy")
    for name in ["batch", "single"] {
      let outcome = try Program.run(
        "run", try Compiled.bundle(), folder / "\(name).npy", "--output", folder / "\(name)-out.npy")
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    let all = try NumPyFile.read(path: folder / "batch-out.npy")[0].tensor
    #expect(all.shape == [3, 7] && all.element == .float32)
    let one = try NumPyFile.read(path: folder / "single-out.npy")[0].tensor
    #expect(one.shape == [1, 7])
    #expect(one.elements(as: Float.self) == Array(all.elements(as: Float.self)[7..<14]))

    let outcome = try Program.run("run", try Compiled.bundle(), Fixture.evaluation + "/nv", "--json")
    #expect(try outcome.json().elements().count == 30)
  }

  @Test func readsTensorsOfONNXTestData() throws {
    let folder = try Folder()
    let values = (0..<6).map { Float($0) - 2.5 }
    var bytes: [UInt8] = [0x08, 1, 0x08, 6, 0x10, 1, 0x4A, 24]
    bytes += values.withUnsafeBytes { Array($0) }
    try OutputFile.write(bytes, to: folder / "input_0.pb")
    try OutputFile.write([0x08, 1, 0x10, 1], to: folder / "output_0.pb")
    try NumPyFile.write(Tensor(values, shape: [1, 6]), to: folder / "same.npy")
    let outcome = try Program.run("run", Fixture.bad("vector"), folder.path, "--json")
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let rows = try outcome.json().elements()
    #expect(try rows.map { try $0["input"].string() } == ["input_0.pb", "same.npy"])
    #expect(try rows[0]["output"].doubles() == rows[1]["output"].doubles())
    #expect(
      try Program.run("compile", Fixture.bad("vector"), "--int8", "--calib", folder.path, "-o", folder / "v.derm")
        .status == 0)
  }

  @Test func takesWholeBatchesWhereTheBatchIsFixed() throws {
    let folder = try Folder()
    let values = (0..<8 * 192).map { Float($0 % 17) / 8 - 1 }
    try NumPyFile.write(Tensor(values, shape: [8, 3, 8, 8]), to: folder / "eight.npy")
    let outcome = try Program.run("run", Fixture.bad("batch_of_4"), folder / "eight.npy", "--output", folder / "o.npy")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try NumPyFile.read(path: folder / "o.npy")[0].tensor.shape == [8, 3])
    let free = try Program.run("run", Fixture.bad("small"), folder / "eight.npy", "--json")
    #expect(try free.json().elements().count == 8)
    let compile = try Program.run(
      "compile", Fixture.bad("batch_of_4"), "--int8", "--calib", folder / "eight.npy", "-o", folder / "b.derm")
    #expect(compile.status == 0, "\(compile.error)")
    #expect(try Program.run("verify", folder / "b.derm").status == 0)
  }

  @Test(arguments: [Fixture.mobilenet, Fixture.cnn])
  func convertsThereAndBackBitForBit(model: String) throws {
    let folder = try Folder()
    #expect(try Program.run("convert", model, "-o", folder / "a.derm").status == 0)
    #expect(try Program.run("convert", folder / "a.derm", "-o", folder / "b.onnx").status == 0)
    #expect(try Program.run("verify", folder / "a.derm").status == 0)
    var outputs: [[UInt8]] = []
    for (index, path) in [model, folder / "a.derm", folder / "b.onnx"].enumerated() {
      let file = folder / "\(index).npy"
      let run = try Program.run(
        "run", path, Fixture.image, "--preprocess", Fixture.preprocessing, "--output", file, "--quiet")
      #expect(run.status == 0, "\(run.error)")
      outputs.append(try MappedFile.contents(of: file))
    }
    #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
  }

  @Test func convertKeepsPreprocessingAndLabels() throws {
    let folder = try Folder()
    try folder.write(Fixture.classes.joined(separator: "\n") + "\n", to: "names.txt")
    let convert = try Program.run(
      "convert", Fixture.mobilenet, "-o", folder / "a.derm", "--preprocess", Fixture.preprocessing, "--labels",
      folder / "names.txt")
    #expect(convert.status == 0, "\(convert.error)")
    let direct = try Program.run(
      "run", Fixture.mobilenet, Fixture.image, "--preprocess", Fixture.preprocessing, "--labels", folder / "names.txt",
      "--json")
    let stored = try Program.run("run", folder / "a.derm", Fixture.image, "--json")
    #expect(stored.error == "")
    #expect(stored.output == direct.output)
  }

  @Test func evaluatesAloneAndAgainstTheOriginal() throws {
    let bundle = try Compiled.bundle()
    let alone = try Program.run("eval", bundle, Fixture.evaluation, "--json")
    #expect(alone.status == 0 && alone.error == "")
    #expect(try alone.json()["samples"].int() == 210)
    #expect(try alone.json()["per_class"].elements().count == 7)
    for field in ["top1", "macro_f1", "auc"] { #expect((0...1).contains(try alone.json()[field].double())) }

    let both = try Program.run("eval", bundle, Fixture.evaluation, "--against", Fixture.mobilenet, "--json")
    #expect(both.status == 0 && both.error == "")
    #expect(try both.json()["agreement"].double() >= 0.93)
    #expect(try both.json()["top1"].double() == alone.json()["top1"].double())
    #expect(try both.json()["comparison"]["float"]["top1"].double() == 176.0 / 210)
    let text = try Program.run("eval", bundle, Fixture.evaluation + "/../eval")
    #expect(text.output.contains("83.") || text.output.contains("0.8"))
  }

  @Test func evaluatesTablesOfLabels() throws {
    let folder = try Folder()
    for (index, name) in ["nv", "mel"].enumerated() {
      try folder.copy(Fixture.evaluation + "/\(name)/000.jpg", as: "image, \(index).jpg")
    }
    // As a spreadsheet writes it: byte order mark, quotes, CR LF, another column.
    try folder.write(
      "\u{FEFF}id,file,label\r\n1,\"image, 0.jpg\",nv\r\n\r\n2,\"image, 1.jpg\",\"mel\"\r\n", to: "labels.csv")
    let outcome = try Program.run("eval", try Compiled.bundle(), folder.path, "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let support = try outcome.json()["per_class"].elements().map { try $0["support"].int() }
    #expect(support == [0, 0, 0, 0, 1, 1, 0])
  }

  /// Each figure has one meaning, whoever says it.
  @Test func memoryIsTheSameEverywhere() throws {
    let (folder, _) = try Compiled.result.get()
    let report = JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
    let compiled = try report["compiled"]
    let (float, int8) = (folder / "model.onnx", folder / "model.derm")
    let plan = ["arena_bytes", "scratch_bytes", "packed_bytes", "memory_bytes"]
    let source = try Program.run("stats", float, "--memory", "--json").json()
    #expect(try source["peak_activation_bytes"].int() == report["stats"]["peak_activation_bytes"].int())
    let stats = try Program.run("stats", int8, "--memory", "--json").json()
    for name in plan + ["peak_activation_bytes"] {
      #expect(try stats[name].int() == compiled[name].int(), "\(name)")
    }
    #expect(try stats["memory_bytes"].int() >= plan.dropLast().reduce(0) { try $0 + stats[$1].int() })
    let bench = try Program.run("bench", int8, "--against", float, "--json", "--threads", "1").json()
    for name in plan {
      #expect(try bench[name].int() == compiled[name].int(), "\(name)")
      #expect(try bench["against"][name].int() == source[name].int(), "\(name)")
    }
    #expect(
      try bench["peak_process_bytes"].int() > bench["memory_bytes"].int() + bench["against"]["memory_bytes"].int())
  }

  @Test func benchMeasures() throws {
    let outcome = try Program.run("bench", try Compiled.bundle(), "--json", "--threads", "1")
    #expect(outcome.status == 0 && outcome.error == "")
    let bench = try outcome.json()
    #expect(try bench["best_ms"].double() > 0)
    #expect(try bench["median_ms"].double() >= bench["best_ms"].double())
    #expect(try bench["threads"].int() == 1)
    #expect(try bench["layers"].elements().count > 30)
    #expect(try bench["isa"].string() != "")
    #expect(try bench["load_ms"].double() > 0 && bench["prepare_ms"].double() > 0)
    for layer in try bench["layers"].elements() where try layer["macs"].int() > 0 {
      #expect(try layer["peak_share"].double() > 0)
    }
  }

  @Test func benchComparesLayers() throws {
    let outcome = try Program.run(
      ["bench", try Compiled.bundle(), "--against", Fixture.mobilenet, "--json"], environment: ["DERMC_ISA": "avx2"])
    #expect(outcome.status == 0 && outcome.error == "")
    let bench = try outcome.json()
    #expect(["avx2", "scalar"].contains(try bench["isa"].string()))
    let layers = try bench["layers"].elements()
    let others = try bench["against"]["layers"].elements()
    var seen = 0
    for pair in try bench["pairs"].elements() {
      let own = try pair["layers"].ints(in: 0...layers.count - 1)
      seen += own.count
      // Every layer that multiplies stands beside the one it was made from.
      let macs = try own.reduce(0) { try $0 + layers[$1]["macs"].int() }
      #expect(
        try macs == pair["against"].ints(in: 0...others.count - 1).reduce(0) { try $0 + others[$1]["macs"].int() })
      if macs > 0 { #expect(try pair["speedup"].double() > 0) }
    }
    #expect(seen == layers.count)
    let text = try Program.run("bench", try Compiled.bundle(), "--against", Fixture.mobilenet, "--per-layer")
    for part in ["float32 us", "int8 us", "of peak", "furthest from the limit", "as fast"] {
      #expect(text.output.contains(part), "\(part)")
    }
  }

  @Test func gateKeepsAndBreaks() throws {
    let folder = try Folder()
    let report = try Compiled.folder() / "model.report.json"
    let kept = try folder.write(#"{"max_bundle_bytes": 300000, "min_agreement": 0.9}"#, to: "kept.json")
    let broken = try folder.write(#"{"max_bundle_bytes": 1000}"#, to: "broken.json")
    let unknown = try folder.write(#"{"max_bundel_bytes": 1000}"#, to: "unknown.json")
    #expect(try Program.run("gate", report, "--budget", kept).status == 0)
    let failure = try Program.run("gate", report, "--budget", broken)
    #expect(failure.status == 1)
    #expect(failure.isOneLine(with: ["model.report.json", "budget is broken"]))
    let written = JSONNode(try JSON(parsing: MappedFile.contents(of: report)), name: "report")
    #expect(failure.output.contains("\(try written["bundle"]["bytes"].int() / 1000)"))
    let refusal = try Program.run("gate", report, "--budget", unknown)
    #expect(refusal.status == 3)
    #expect(refusal.isOneLine(with: ["unknown.json", "max_bundel_bytes"]))
    #expect(try Program.run("gate", kept, "--budget", kept).status == 3)
    #expect(try Program.run("gate", Fixture.mobilenet, "--budget", kept).status == 3)
  }

  @Test func verifyHolds() throws {
    let outcome = try Program.run("verify", try Compiled.bundle())
    #expect(outcome.status == 0 && outcome.error == "")
    for part in ["SHA-256 holds", "structure holds", "self-test"] { #expect(outcome.output.contains(part)) }
    for isa in ["scalar", "avx2"] {
      #expect(try Program.run(["verify", try Compiled.bundle()], environment: ["DERMC_ISA": isa]).status == 0)
    }
  }

  @Test func helpHasExamples() throws {
    let top = try Program.run("--help")
    #expect(top.status == 0 && top.output.contains("dermc compile model.onnx --int8 --calib data/calib"))
    for command in ["compile", "stats", "eval", "run", "convert", "bench", "gate", "verify"] {
      let help = try Program.run(command, "--help")
      #expect(help.status == 0 && help.error == "")
      #expect(help.output.contains("EXAMPLES\n  dermc \(command) ") || help.output.contains("EXAMPLES"), "\(command)")
      #expect(help.output.contains("dermc \(command) "))
      for option in ["--threads", "--quiet", "--verbose"] {
        #expect(help.output.contains(option), "\(command) \(option)")
      }
    }
    #expect(try Program.run("--version").output.contains("."))
  }
}
