import CanonicalJSON
import Platform
import Tensors
import Testing

/// `dermc sweep`: its bundles are those of `dermc compile`, and what is finished is not done again.
@Suite struct SweepTests {
  private static let data = [
    "--calib", Fixture.calibration, "--eval", Fixture.evaluation, "--preprocess", Fixture.preprocessing,
  ]

  private func sweep(_ folder: String, _ options: [String] = [], script: String? = nil) throws -> Outcome {
    try Program.run(["sweep", Fixture.cnn] + Self.data + ["-o", folder] + options, script: script)
  }

  private func contents(_ path: String) throws -> [UInt8] { try MappedFile.contents(of: path) }

  private func json(_ path: String) throws -> JSONNode { JSONNode(try JSON(parsing: contents(path)), name: "sweep") }

  /// The names of a folder's files, and what is in them.
  private func files(_ folder: Folder) throws -> [String: [UInt8]] {
    try Dictionary(uniqueKeysWithValues: folder.names.map { ($0, try contents(folder / $0)) })
  }

  // MARK: Bundles

  @Test func everyPointIsWhatCompileMakes() throws {
    let folder = try Folder()
    let outcome = try sweep(folder.path, ["--ratios", "plain,6,5000", "--prunes", "0,0.3", "--no-latency"])
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let report = try json(folder / "sweep.json")
    let points = try report["points"].elements()
    #expect(points.count == 10)
    let compiled = try Folder()
    for point in points {
      let name = try point["name"].string()
      if let reason = try point.optional("out_of_reach") {
        #expect(try name.hasPrefix("ratio-5000") && reason.string().contains("is out of reach: with the coarsest"))
        #expect(!folder.names.contains("\(name).derm") && folder.names.contains("\(name).point.json"))
        #expect(outcome.output.contains("out of reach: \(name): a bundle of"))
        continue
      }
      let again = try Program.run(
        ["compile", Fixture.cnn] + Self.data + point["options"].strings() + ["-o", compiled / "\(name).derm", "-q"])
      #expect(again.status == 0, "\(again.error)")
      for ending in ["derm", "report.json"] {
        #expect(try contents(folder / "\(name).\(ending)") == contents(compiled / "\(name).\(ending)"), "\(name)")
      }
      // What is said of it is what its report says.
      let accuracy = try json(folder / "\(name).report.json")["accuracy"]
      let (cost, kl) = try (point["cost"]["value"].double(), accuracy["kl"].double())
      #expect(abs(cost - kl) <= 1e-9 * max(kl, 1e-6), "\(name): \(cost), \(kl)")
      let (low, high) = try (point["cost"]["low"].double(), point["cost"]["high"].double())
      #expect(low <= cost && cost <= high)
      #expect(try point["macro_f1"].double() == accuracy["compiled"]["macro_f1"].double())
      #expect(try point["bundle"]["bytes"].int() == contents(folder / "\(name).derm").count)
    }
    // The float bundle answers as float does; nothing that costs less is larger.
    let front = try report["fronts"]["cost"].strings()
    #expect(front.last == "float")
    #expect(
      try points.map { try $0.optional("bundle")?["bytes"].int() ?? .max }
        == points.map {
          try $0.optional("bundle")?["bytes"].int() ?? .max
        }.sorted())
    for name in ["sweep.csv", "sweep.html"] { #expect(outcome.output.contains(folder / name)) }
    #expect(try Program.run(["verify", folder / "ratio-6.derm"]).status == 0)
  }

  @Test func measuresOnWhatWasHeldBackWithoutLabels() throws {
    let folder = try Folder()
    let outcome = try Program.run([
      "sweep", Fixture.cnn, "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing, "-o",
      folder / "made", "--ratios", "plain", "--efforts", "fast", "--threads", "1",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try json(folder / "made/sweep.json")
    #expect(try report["measured_on"]["data"].string() == "held-back calibration samples")
    #expect(try report["fronts"].optional("macro_f1") == nil)
    for point in try report["points"].elements() {
      let latency = try point["latency"]
      #expect(try latency["best_ms"].double() > 0 && latency["best_ms"].double() <= latency["median_ms"].double())
      #expect(
        try latency["ratio"].double() == latency["best_ms"].double() / latency["float_best_ms"].double()
          || abs(latency["ratio"].double() * latency["float_best_ms"].double() / latency["best_ms"].double() - 1) < 1e-9
      )
    }
  }

  // MARK: Going on

  @Test func whatIsFinishedIsTakenUp() throws {
    let folder = try Folder()
    let few = ["--ratios", "plain", "--efforts", "fast", "--no-latency"]
    #expect(try sweep(folder.path, few).status == 0)
    let before = try files(folder)
    #expect(before.count == 2 * 3 + 3)
    // Everything again, without a stage of work.
    let again = try sweep(folder.path, few + ["--verbose"])
    #expect(again.status == 0 && again.error.contains("float: taken up as it was finished"), "\(again.error)")
    #expect(try files(folder) == before)
    // A bundle that is not what was recorded is made again, and the same.
    try folder.write("damaged", to: "int8-fast.derm")
    let repaired = try sweep(folder.path, few + ["--verbose"])
    #expect(repaired.status == 0 && repaired.error.contains("int8-fast: its files are not those"), "\(repaired.error)")
    #expect(try files(folder) == before)
    // More recipes add to what is there.
    let more = try sweep(folder.path, ["--ratios", "5", "--efforts", "fast", "--precisions", "int8", "--no-latency"])
    #expect(more.status == 0, "\(more.error)")
    let after = try files(folder)
    #expect(after.count == before.count + 3 && after["int8-fast.derm"] == before["int8-fast.derm"])
    #expect(try json(folder / "sweep.json")["points"].elements().count == 3)
  }

  @Test func anotherSweepsFolderIsRefused() throws {
    let folder = try Folder()
    let few = ["--ratios", "plain", "--efforts", "fast", "--precisions", "int8", "--no-latency"]
    #expect(try sweep(folder.path, few).status == 0)
    let before = try files(folder)
    func refused(_ arguments: [String], _ words: String) throws {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 3 && outcome.output == "", "\(outcome)")
      #expect(outcome.isOneLine(with: [folder.path, "holds a sweep \(words)", "-o", "--force"]), "\(outcome.error)")
      #expect(try files(folder) == before)
    }
    let rest = ["-o", folder.path] + few
    try refused(["sweep", Fixture.mobilenet] + Self.data + rest, "of another model")
    try refused(
      ["sweep", Fixture.cnn, "--calib", Fixture.evaluation] + Self.data.dropFirst(2) + rest,
      "with other calibration data")
    try refused(
      ["sweep", Fixture.cnn] + Self.data.prefix(2) + Self.data.suffix(2) + rest, "with other evaluation data")
    try refused(["sweep", Fixture.cnn] + Self.data + rest + ["--samples", "40"], "with other options")
    // With --force the folder is the other sweep's, and nothing of the first is left.
    let forced = try sweep(
      folder.path, ["--samples", "40", "--force", "--ratios", "plain", "--precisions", "float", "--no-latency"])
    #expect(forced.status == 0, "\(forced.error)")
    #expect(
      folder.names == ["float.derm", "float.point.json", "float.report.json", "sweep.csv", "sweep.html", "sweep.json"])
    try folder.write("{}", to: "odd.point.json")
    let odd = try sweep(folder.path, few)
    #expect(
      odd.status == 3 && odd.isOneLine(with: ["odd.point.json", "no record of a sweep", "--force"]), "\(odd.error)")
  }

  @Test(arguments: ["INT", "KILL"]) func interruptedSweepsGoOn(signal: String) throws {
    let options = ["--ratios", "plain,5,6", "--no-latency", "--threads", "1"]
    let whole = try Folder()
    #expect(try sweep(whole.path, options).status == 0)
    let folder = try Folder()
    // As soon as the second point is recorded. What a shell runs in the background ignores SIGINT unless told.
    let stopped = try sweep(
      folder.path, options,
      script: """
        env --default-signal=INT "$@" & process=$!
        until [ -e '\(folder.path)/int8-fast.point.json' ]; do kill -0 $process || break; done
        kill -\(signal) $process 2>/dev/null
        wait $process
        """)
    #expect(stopped.status == 128 + (signal == "INT" ? 2 : 9), "\(stopped)")
    let done = folder.names.filter { $0.hasSuffix(".point.json") }
    #expect(done.count >= 2 && done.count < 5 && !folder.names.contains("sweep.json"), "\(folder.names)")
    // What a killed process leaves is gone as soon as another sweeps here.
    try folder.write("half", to: ".dermc-999999999-0.partial")
    let outcome = try sweep(folder.path, options + ["--verbose"])
    #expect(outcome.status == 0 && outcome.error.contains("int8-fast: taken up as it was finished"), "\(outcome.error)")
    #expect(try files(folder) == files(whole))
  }

  @Test func oneProcessAtATime() throws {
    let folder = try Folder()
    let outcome = try sweep(
      folder.path, ["--precisions", "float", "--no-latency"], script: "exec flock '\(folder.path)' \"$@\"")
    guard outcome.error.contains("another process") || outcome.status == 3 else {
      print("flock is not here to hold the folder: \(outcome.error)")
      return
    }
    #expect(
      outcome.status == 3 && outcome.isOneLine(with: [folder.path, "another process sweeps"]), "\(outcome.error)")
    #expect(folder.names == [])
  }

  @Test func refusesBeforeAnyWork() throws {
    let folder = try Folder()
    let ratios = try sweep(folder / "none", ["--ratios", "6,x"])
    #expect(ratios.status == 2 && ratios.isOneLine(with: ["--ratios 6,x", "plain, and numbers above 1"]))
    let deep = try sweep(folder / "no/folder")
    #expect(deep.status == 3 && deep.isOneLine(with: ["no/folder", "cannot be made"]), "\(deep.error)")
    try folder.write("", to: "file")
    #expect(try sweep(folder / "file").isOneLine(with: [folder / "file"]))
    #expect(folder.names == ["file"])
  }
}
