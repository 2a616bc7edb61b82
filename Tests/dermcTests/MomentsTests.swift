import CanonicalJSON
import FuzzTargets
import IR
import NumPyFiles
import ONNX
import Operators
import Tensors
import TestSupport
import Testing

/// Second moments in parts: weights are rounded as by one run over the images, and what does not belong together is
/// refused.
@Suite struct MomentsTests {
  private let folder: Folder
  private static let choice = ["--samples", "40", "--seed", "3"]
  private static let told = ["--preprocess", Fixture.preprocessing]

  init() throws { folder = try Folder() }

  private func run(_ arguments: [String]) throws -> Outcome {
    let outcome = try Program.run(arguments + ["--quiet"])
    #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
    return outcome
  }

  private func refused(_ arguments: [String], _ status: Int32, _ words: [String]) throws {
    let names = folder.names
    let outcome = try Program.run(arguments)
    #expect(outcome.status == status && outcome.isOneLine(with: words), "\(arguments): \(outcome.error)")
    #expect(folder.names == names)
  }

  /// Counts of the fixtures' calibration images with the small CNN.
  private func count(
    _ name: String = "all.calib", data: String = Fixture.calibration, _ options: [String] = MomentsTests.choice
  ) throws -> String {
    _ = try run(["calibrate", Fixture.cnn, data, "-o", folder / name] + MomentsTests.told + options)
    return folder / name
  }

  /// Second moments of a shard of what was counted.
  private func gather(
    _ shard: String, _ name: String, by counts: String, data: String = Fixture.calibration, _ options: [String] = []
  ) throws -> String {
    _ = try run(
      ["calibrate", Fixture.cnn, data, "--moments", counts, "--shard", shard, "-o", folder / name] + options)
    return folder / name
  }

  private func merge(_ parts: [String], _ name: String) throws -> String {
    _ = try run(["merge"] + parts + ["-o", folder / name])
    return folder / name
  }

  private func bundle(_ calib: String, _ name: String, _ options: [String]) throws -> [UInt8] {
    _ = try run(
      [
        "compile", Fixture.cnn, "--int8", "--calib", calib, "--eval", Fixture.evaluation, "-o", folder / "\(name).derm",
        "--labels", Fixture.classes.joined(separator: ","),
      ] + options)
    return try MappedFile.contents(of: folder / "\(name).derm")
  }

  /// What a folder of images gives.
  private func expected(
    _ options: [String] = MomentsTests.choice, data: String = Fixture.calibration
  ) throws -> [UInt8] {
    try bundle(data, "folder", MomentsTests.told + ["--effort", "fast", "--rounding", "compensated"] + options)
  }

  private func report(_ name: String) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "\(name).report.json")), name: "report")
  }

  @Test func anySplitGivesTheBundleOfOneRun() throws {
    let one = try expected()
    let counts = try count()
    #expect(try bundle(counts, "plain", []) != one)
    for shards in [1, 2, 7] {
      var parts = try (1...shards).map { try gather("\($0)/\(shards)", "\(shards)-\($0).moments", by: counts) }
      let inOrder = try merge(parts, "order.moments")
      #expect(try bundle(counts, "order", ["--moments", inOrder]) == one, "\(shards) shards")
      // In another order, and as a tree.
      parts.reverse()
      parts.swapAt(0, shards / 2)
      var level = parts
      while level.count > 1 {
        level = try stride(from: 0, to: level.count, by: 2).map { start in
          try merge(Array(level[start..<min(start + 2, level.count)]), "tree\(level.count)-\(start).moments")
        }
      }
      #expect(try MappedFile.contents(of: level[0]) == MappedFile.contents(of: inOrder), "\(shards) shards")
    }
    let verified = try Program.run("verify", folder / "order.moments")
    #expect(verified.output.contains("second moments of 40 samples, all 7 shards"), "\(verified.output)")
    let shown = try Program.run(
      "compile", Fixture.cnn, "--int8", "--calib", counts, "--moments", folder / "order.moments", "-o",
      folder / "shown.derm")
    #expect(
      shown.output.contains("mse, of 40 samples counted in 1 part, second moments gathered in 7 parts"),
      "\(shown.output)")
    let report = try report("order")
    #expect(try report["calibration"]["parts"].int() == 1 && report["calibration"]["moment_parts"].int() == 7)
    #expect(try report["calibration"]["rounding"].string() == "compensated")
    let other = try self.report("folder")
    #expect(try other["calibration"].optional("moment_parts") == nil)
    for member in ["accuracy", "compiled", "data"] {
      #expect(try report[member].value == other[member].value, "\(member)")
    }
  }

  /// There may be more shards than samples, and what cannot be read is left out of both.
  @Test func emptyShardsAndUnreadableImages() throws {
    let data = folder.makeFolder("data")
    for index in 1...3 { try folder.copy(Fixture.root + "images/calib/mel/00\(index).jpg", as: "data/\(index).jpg") }
    try folder.write("no image", to: "data/0.jpg")
    let counts = try count(data: data, [])
    let parts = try (1...6).map { try gather("\($0)/6", "\($0).moments", by: counts, data: data) }
    let all = try merge([5, 0, 3, 1, 4, 2].map { parts[$0] }, "all.moments")
    #expect(try bundle(counts, "parts", ["--moments", all]) == expected([], data: data))
    // What has become readable in between would be in one of both alone.
    try folder.copy(Fixture.root + "images/calib/mel/004.jpg", as: "data/0.jpg")
    let more = try gather("1/1", "more.moments", by: counts, data: data)
    try refused(
      ["compile", Fixture.cnn, "--int8", "--calib", counts, "--moments", more, "-o", folder / "x.derm"], 3,
      ["more.moments", "is of 4 samples", "of 3"])
    try folder.write("no image", to: "data/0.jpg")
    try folder.copy(Fixture.root + "images/calib/mel/004.jpg", as: "data/2.jpg")
    let changed = try gather("1/1", "changed.moments", by: counts, data: data)
    try refused(
      ["compile", Fixture.cnn, "--int8", "--calib", counts, "--moments", changed, "-o", folder / "x.derm"], 3,
      ["changed.moments", "its number 3", "the data changed meanwhile"])
  }

  @Test func optionsThatChangeTheNetworkMustBeTheSame() throws {
    let options = ["--range", "l3", "--keep-float", "/hidden/Gemm"]
    let counts = try count()
    let moments = try gather("1/1", "l3.moments", by: counts, options)
    let told = ["--moments", moments]
    #expect(try bundle(counts, "parts", told + options) == expected(MomentsTests.choice + options))
    let compile = ["compile", Fixture.cnn, "--int8", "--calib", counts, "-o", folder / "x.derm"]
    try refused(compile + told, 3, ["l3.moments", "--range l3, not mse", "same options"])
    try refused(compile + told + options.prefix(2), 3, ["l3.moments", "--keep-float /hidden/Gemm, not without"])
    try refused(compile + told + ["--rounding", "nearest"], 2, ["l3.moments", "--rounding compensated"])
    try refused(compile + told + options + ["--biases", "network"], 2, ["--biases", "learned from images"])
    try refused(compile + ["--rounding", "compensated"], 2, ["--rounding", "dermc calibrate MODEL DATA --moments"])
    try refused(
      ["compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "-o", folder / "x.derm"] + told, 2,
      ["l3.moments", "needs --calib FILE"])
    let other = try gather("1/1", "mse.moments", by: counts)
    try refused(["merge", moments, other, "-o", folder / "x.moments"], 3, ["mse.moments", "shard 1 of 1"])
  }

  @Test func refusesWhatDoesNotBelongTogether() throws {
    let counts = try count()
    let others = try count("others.calib", ["--samples", "41", "--seed", "3"])
    let first = try gather("1/3", "1.moments", by: counts)
    let second = try gather("2/3", "2.moments", by: counts)
    let wrong: [(String, [String])] = [
      (first, ["1.moments", "shard 1 of 3", "give each shard once"]),
      (try gather("2/4", "quarter.moments", by: counts), ["quarter.moments", "one of 4 shards, not of 3"]),
      (try gather("2/3", "others.moments", by: others), ["others.moments", "--samples 41 --seed 3, not --samples 40"]),
      (
        try gather("3/3", "l4.moments", by: counts, ["--range", "l4"]),
        ["l4.moments", "of a network with --range l4, not mse"]
      ),
      (counts, ["all.calib", "calibration", "moments"]),
    ]
    for (other, words) in wrong {
      try refused(["merge", first, other, "-o", folder / "x.moments"], 3, words)
    }
    try refused(["merge", counts, first, "-o", folder / "x.moments"], 3, ["1.moments", "calibration", "moments"])
    let compile = ["compile", Fixture.cnn, "--int8", "-o", folder / "x.derm", "--calib"]
    let both = try merge([second, first], "both.moments")
    try refused(
      compile + [counts, "--moments", both], 3,
      ["both.moments", "of 3 shards 3 is missing", "--moments \(counts) --shard 3/3", "dermc merge"])
    let whole = try gather("1/1", "whole.moments", by: counts)
    try refused(compile + [others, "--moments", whole], 3, ["whole.moments", "others.calib", "--samples 40"])
    try refused(compile + [counts, "--moments", counts], 3, ["all.calib", "moments is expected"])
    try refused(compile + [whole], 3, ["whole.moments", "calibration is expected"])
    // Counts of the same samples with another preprocessing.
    let mean = try count("mean.calib", MomentsTests.choice + ["--mean", "0.5"])
    try refused(compile + [mean, "--moments", whole], 3, ["whole.moments", "another preprocessing"])

    let gather = ["calibrate", Fixture.cnn, Fixture.calibration, "-o", folder / "x.moments"]
    let told = gather + ["--moments", counts]
    let warned = try Program.run(told + ["--mean", "0.5"])
    #expect(warned.status == 3 && warned.error.contains("all.calib: does not belong to what is gathered now"))
    #expect(warned.error.contains("another preprocessing") && !folder.names.contains("x.moments"))
    try refused(told + ["--samples", "41"], 2, ["--samples 41", "chosen when they were counted"])
    try refused(told + ["--seed", "4"], 2, ["--seed 4", "chosen when they were counted"])
    try refused(told + ["--site", "ulm"], 2, ["--site ulm", "of no site"])
    try refused(told + ["--keep-float", "nothing"], 2, ["--keep-float nothing"])
    try refused(gather + ["--range", "l3"], 2, ["--range l3", "--moments FILE"])
    try refused(gather + ["--moments", Fixture.image], 3, ["holds no counts"])
    try refused(gather + ["--moments", first], 3, ["1.moments", "calibration is expected"])
    try refused(
      ["calibrate", Fixture.mobilenet, Fixture.calibration, "--moments", counts, "-o", folder / "x.moments"], 3,
      ["all.calib", "of the model"])
    try refused(
      ["calibrate", Fixture.cnn, Fixture.evaluation, "--moments", counts, "-o", folder / "x.moments"], 3,
      ["all.calib", "of other samples: 210"])
    let part = try count("part.calib", MomentsTests.choice + ["--shard", "1/2"])
    try refused(gather + ["--moments", part], 3, ["part.calib", "of 2 shards 2 is missing"])
  }

  @Test func damagedAndCutOffFilesAreNamed() throws {
    let counts = try count()
    let path = try gather("1/2", "1.moments", by: counts)
    let other = try gather("2/2", "2.moments", by: counts)
    let whole = try MappedFile.contents(of: path)
    let merge = ["-o", folder / "x.moments"]
    for (place, change) in [(20, 255), (whole.count / 2, 16), (whole.count - 1, 128)] {
      var changed = whole
      changed[place] ^= UInt8(change)
      try OutputFile.write(changed, to: folder / "changed.moments")
      try refused(["merge", other, folder / "changed.moments"] + merge, 3, ["changed.moments"])
    }
    for length in [64, 300, whole.count - 1] {
      try OutputFile.write(Array(whole[..<length]), to: folder / "cut.moments")
      try refused(["merge", folder / "cut.moments", other] + merge, 3, ["cut.moments"])
    }
    // With hashes that hold, what is inside is still not trusted.
    guard let parts = BundleParts(whole, limit: 1 << 24),
      let index = parts.sections.firstIndex(where: { $0.name == "moments" })
    else {
      Issue.record("the file has no section moments")
      return
    }
    func changed(_ change: (inout [UInt8]) -> Void) throws {
      var parts = parts
      change(&parts.sections[index].raw)
      try OutputFile.write(parts.bytes, to: folder / "changed.moments")
    }
    for (change, words) in [
      ({ $0.removeLast(4) }, "is too short"), ({ $0 += [0, 0, 0, 0] }, "goes on after the last layer"),
      ({ $0[3] = 0x40 }, "is larger than any may be"),
      // No layer's last mean square is below the square of its mean.
      ({ $0.replaceSubrange(($0.count - 4)..., with: [1, 0, 0, 0]) }, "is none that"),
    ] as [((inout [UInt8]) -> Void, String)] {
      try changed(change)
      let words = ["changed.moments", "section moments", words]
      try refused(["merge", folder / "changed.moments", other] + merge, 3, words)
    }
  }

  /// Sites that gather each its own: the bundle is that of their folders side by side, in the order of these.
  @Test func sitesAreFoldersSideBySide() throws {
    let sites = ["a", "a-b"]
    _ = folder.makeFolder("pooled")
    for (number, site) in sites.enumerated() {
      _ = folder.makeFolder("pooled/\(site)")
      for (index, name) in Fixture.classes.enumerated() {
        let files = Folder.names("\(Fixture.calibration)/\(name)")
        for file in files[5 * number..<5 * number + 5] {
          try folder.copy("\(Fixture.calibration)/\(name)/\(file)", as: "pooled/\(site)/Smith \(index)\(file)")
        }
      }
    }
    let options = ["--anonymous", "--min-samples", "10"]
    func counted(_ site: String) throws -> String {
      try count("\(site).calib", data: folder / "pooled/\(site)", ["--site", site] + options)
    }
    let counts = try merge(sites.map(counted), "all.calib")
    func gathered(_ site: String, _ shard: String, _ name: String) throws -> String {
      let arguments = [
        "calibrate", Fixture.cnn, folder / "pooled/\(site)", "--moments", counts, "--site", site, "--shard", shard,
        "-o", folder / name,
      ]
      let outcome = try Program.run(arguments + options)
      // A few images' worth of products tell the images.
      #expect(outcome.status == 0 && outcome.error.contains("may be told from second moments"), "\(outcome.error)")
      try refused(arguments + options + ["--strict"], 3, ["may be told from second moments"])
      return folder / name
    }
    let parts = try [gathered("a-b", "2/2", "3.moments"), gathered("a", "1/1", "1.moments")]
    let all = try merge(parts + [gathered("a-b", "1/2", "2.moments")], "all.moments")
    #expect(try bundle(counts, "sites", ["--moments", all]) == expected([], data: folder / "pooled"))
    let told = BundleParts(try MappedFile.contents(of: all), limit: 1 << 24)?.sections.map(\.raw)
    #expect(told?.contains { String(decoding: $0, as: UTF8.self).contains("Smith") } == false)
    try refused(
      [
        "calibrate", Fixture.cnn, folder / "pooled/a", "--moments", counts, "--site", "a", "--min-samples", "36", "-o",
        folder / "few.moments",
      ], 3, ["--min-samples 36 demands more"])
    try refused(
      ["calibrate", Fixture.cnn, folder / "pooled/a", "--moments", counts, "-o", folder / "x.moments"], 2,
      ["all.calib", "the sites a, a-b", "--site"])
    _ = try run(["sign", "--new-key", folder / "key.pem"])
    _ = try run(["sign", all, "--key", folder / "key.pem"])
    let verified = try Program.run("verify", all, "--public-key", folder / "key.pem.pub")
    #expect(verified.status == 0 && verified.output.contains("signature: holds"), "\(verified.error)")
    #expect(try bundle(counts, "signed", ["--moments", all]) == bundle(counts, "again", ["--moments", all]))
  }

  /// Sums of more than 131,071 samples would not fit: those that come first are looked at, at whichever site.
  @Test func ofVeryManySamplesTheFirstAreTaken() throws {
    var random = RandomNumbers(seed: 17)
    var graph = Graph(name: "tiny")
    let x = graph.addInput("x", TensorType(.float32, [1, 4]))
    let w = graph.addConstant("w", random.tensor([3, 4]))
    graph.addOutput(try graph.add(Gemm(), name: "scores", inputs: [x, w], outputNames: ["scores"])[0])
    let model = folder / "tiny.onnx"
    try ONNXWriter.write(graph, to: model)
    func samples(_ path: String, _ count: Int) throws {
      try NumPyFile.write(random.tensor([count, 4]), to: folder / path)
    }
    for name in ["calib", "calib/a", "calib/b", "val", "val/p", "val/q", "val/r"] { _ = folder.makeFolder(name) }
    // The last shard has none that is looked at.
    try samples("calib/a/x.npy", 70_000)
    try samples("calib/b/x.npy", 100_000)
    for name in ["p", "q", "r"] { try samples("val/\(name)/x.npy", 3) }
    let compile = ["compile", model, "--int8", "--eval", folder / "val", "--calib"]
    _ = try run(
      compile + [folder / "calib", "--effort", "fast", "--rounding", "compensated", "-o", folder / "one.derm"])
    func calibrate(_ site: String, _ name: String, _ options: [String]) throws -> String {
      let outcome = try Program.run(
        ["calibrate", model, folder / "calib/\(site)", "--site", site, "-o", folder / name] + options)
      #expect(outcome.status == 0, "\(outcome.error)")
      if options.contains("1/3") {
        #expect(outcome.error.contains("the first 131,071 of 170,000 samples"), "\(outcome.error)")
      }
      return outcome.output
    }
    for site in ["a", "b"] { _ = try calibrate(site, "\(site).calib", []) }
    let counts = try merge([folder / "b.calib", folder / "a.calib"], "all.calib")
    let by = ["--moments", counts, "--shard"]
    let whole = try calibrate("a", "0.moments", by + ["1/1"])
    #expect(whole.contains("70,000 samples of 70,000"), "\(whole)")
    let used = try (1...3).map { try calibrate("b", "\($0).moments", by + ["\($0)/3"]) }
    #expect(used[0].contains("33,333 samples") && used[1].contains("27,738 samples") && used[2].contains("0 samples"))
    let all = try merge((0...3).reversed().map { folder / "\($0).moments" }, "all.moments")
    _ = try run(compile + [counts, "--moments", all, "-o", folder / "parts.derm"])
    #expect(try MappedFile.contents(of: folder / "parts.derm") == MappedFile.contents(of: folder / "one.derm"))
  }
}
