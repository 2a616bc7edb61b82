import CanonicalJSON
import FuzzTargets
import Tensors
import TestSupport
import Testing

/// Calibration in parts: the bundle is that of one run, and what does not belong together is refused.
@Suite struct CalibrateTests {
  private let folder: Folder
  private static let choice = ["--samples", "70", "--seed", "3"]

  init() throws { folder = try Folder() }

  /// Counts a shard of the fixtures' calibration images with the small CNN.
  private func count(
    _ shard: String, _ name: String, model: String = Fixture.cnn, data: String = Fixture.calibration,
    _ options: [String] = CalibrateTests.choice
  ) throws -> String {
    let outcome = try Program.run(
      ["calibrate", model, data, "--preprocess", Fixture.preprocessing, "--shard", shard, "-o", folder / name] + options
    )
    #expect(outcome.status == 0, "\(outcome.error)")
    return folder / name
  }

  private func merge(_ parts: [String], _ name: String) throws -> String {
    let outcome = try Program.run(["merge"] + parts + ["-o", folder / name])
    #expect(outcome.status == 0, "\(outcome.error)")
    return folder / name
  }

  private func compile(_ calib: String, _ name: String, _ options: [String]) throws -> Outcome {
    try Program.run(
      ["compile", Fixture.cnn, "--int8", "--calib", calib, "-o", folder / "\(name).derm", "--quiet"] + options)
  }

  private func bundle(_ calib: String, _ name: String, _ options: [String] = []) throws -> [UInt8] {
    let outcome = try compile(calib, name, ["--eval", Fixture.evaluation] + options)
    #expect(outcome.status == 0, "\(outcome.error)")
    return try MappedFile.contents(of: folder / "\(name).derm")
  }

  /// What a folder of images gives where nothing is tried out on them.
  private func expected(_ options: [String] = []) throws -> [UInt8] {
    try bundle(
      Fixture.calibration, "folder",
      ["--preprocess", Fixture.preprocessing, "--effort", "fast"] + CalibrateTests.choice + options)
  }

  @Test func anySplitGivesTheBundleOfOneRun() throws {
    let one = try expected()
    for shards in [1, 2, 7, 64] {
      var parts = try (1...shards).map { try count("\($0)/\(shards)", "\(shards)-\($0).calib") }
      let inOrder = try merge(parts, "order.calib")
      #expect(try bundle(inOrder, "order") == one, "\(shards) shards")
      let bytes = try MappedFile.contents(of: inOrder)
      // In other orders, and pair by pair.
      var dice = UInt64(shards)
      for round in 0..<3 {
        for index in parts.indices {
          dice = dice &* 6_364_136_223_846_793_005 &+ 1
          parts.swapAt(index, Int(dice >> 33) % parts.count)
        }
        var level = parts
        while level.count > 1 {
          level = try stride(from: 0, to: level.count, by: 5).map { start in
            try merge(Array(level[start..<min(start + 5, level.count)]), "\(round)-\(level.count)-\(start).calib")
          }
        }
        #expect(try MappedFile.contents(of: level[0]) == bytes, "\(shards) shards, round \(round)")
        if shards < 7 { break }
      }
    }
  }

  @Test(arguments: ["minmax", "percentile", "l3"]) func everyEstimatorTakesCounts(range: String) throws {
    let counted = try count("1/1", "all.calib")
    #expect(try bundle(counted, "counted", ["--range", range]) == expected(["--range", range]))
  }

  @Test func reportTellsOfParts() throws {
    let all = try merge([count("2/2", "b.calib"), count("1/2", "a.calib")], "all.calib")
    _ = try bundle(all, "counted")
    _ = try expected()
    let report = try report("counted")
    #expect(try report["calibration"]["parts"].int() == 2)
    #expect(try report["calibration"]["samples"].int() == 70)
    let other = try self.report("folder")
    #expect(try other["calibration"].optional("parts") == nil)
    // The same files, told by their contents; and the same network.
    #expect(try report["data"].value == other["data"].value)
    for member in ["accuracy", "passes", "compiled"] {
      #expect(try report[member].value == other[member].value, "\(member)")
    }
    // Without labelled data nothing can be compared, which is told.
    let outcome = try compile(all, "alone", [])
    #expect(outcome.status == 0)
    let warnings = try self.report("alone")["warnings"].strings()
    #expect(warnings.contains { $0.contains("--calib holds counts, no images; give --eval") }, "\(warnings)")
  }

  private func report(_ name: String) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "\(name).report.json")), name: "report")
  }

  /// A shard may hold nothing that can be read; the bundle is still that of one run.
  @Test func imagesThatCannotBeReadAreLeftOut() throws {
    let data = folder.makeFolder("data")
    for index in 1...3 { try folder.copy(Fixture.root + "images/calib/mel/00\(index).jpg", as: "data/\(index).jpg") }
    try folder.write("no image", to: "data/0.jpg")
    let preprocessing = ["--preprocess", Fixture.preprocessing]
    let parts = try (1...4).map { index in
      let outcome = try Program.run(
        ["calibrate", Fixture.cnn, data, "--shard", "\(index)/4", "-o", folder / "\(index).calib"] + preprocessing)
      #expect(outcome.status == 0 && outcome.error.contains("skipped") == (index == 1), "\(outcome.error)")
      return folder / "\(index).calib"
    }
    let counted = try bundle(try merge(parts, "all.calib"), "counted")
    #expect(try bundle(data, "folder", preprocessing + ["--effort", "fast"]) == counted)
    let skipped = try report("counted")["calibration"]["skipped"].elements().map { try $0["file"].string() }
    #expect(skipped == ["0.jpg"])
    let strict = try Program.run(
      ["calibrate", Fixture.cnn, data, "--strict", "-o", folder / "strict.calib"] + preprocessing)
    #expect(strict.status == 3 && !folder.names.contains("strict.calib"))
  }

  @Test func refusesWhatDoesNotBelongTogether() throws {
    let first = try count("1/3", "1.calib")
    let second = try count("2/3", "2.calib")
    let both = try merge([second, first], "both.calib")
    let others: [(String, [String])] = [
      (first, ["1.calib", "shard 1 of 3", "give each shard once"]), (both, ["both.calib", "shard 1 of 3"]),
      (try count("3/4", "quarter.calib"), ["quarter.calib", "one of 4 shards, not of 3"]),
      (try count("3/3", "all.calib", []), ["all.calib", "--samples all --seed 0, not --samples 70 --seed 3"]),
      (
        try count("3/3", "eval.calib", data: Fixture.evaluation, ["--samples", "70", "--seed", "3"]),
        ["eval.calib", "other samples: 210"]
      ),
      (try count("3/3", "mobilenet.calib", model: Fixture.mobilenet), ["mobilenet.calib", "of the model"]),
      (
        try count("3/3", "mean.calib", ["--mean", "0.5"] + CalibrateTests.choice),
        ["mean.calib", "another preprocessing", "0.5"]
      ),
    ]
    for (other, words) in others {
      let outcome = try Program.run("merge", first, other, "-o", folder / "merged.calib")
      #expect(outcome.status == 3 && outcome.isOneLine(with: words), "\(outcome.error)")
      #expect(!folder.names.contains("merged.calib"))
    }
    // Files are merged as a tree; it is still the wrong one that is named.
    let third = try count("3/3", "3.calib")
    let many = try Program.run("merge", second, third, first, folder / "quarter.calib", "-o", folder / "merged.calib")
    #expect(many.status == 3 && many.isOneLine(with: ["quarter.calib", "one of 4 shards, not of 3"]), "\(many.error)")
    let again = try Program.run("merge", second, third, first, third, "-o", folder / "merged.calib")
    #expect(again.status == 3 && again.isOneLine(with: ["3.calib", "shard 3 of 3"]), "\(again.error)")
    let missing = try compile(both, "missing", [])
    #expect(
      missing.status == 3
        && missing.isOneLine(with: ["both.calib", "of 3 shards 3 is missing", "--shard 3/3", "dermc merge"]),
      "\(missing.error)")
    let model = try Program.run("merge", Fixture.cnn, first, "-o", folder / "merged.calib")
    #expect(model.status == 3 && model.isOneLine(with: ["lesion_cnn.onnx"]))
    let twice = try Program.run("merge", first, second, "-o", first)
    #expect(twice.status == 2 && twice.isOneLine(with: ["would replace the input"]))
  }

  @Test func refusesWhatNeedsImages() throws {
    let all = try count("1/1", "all.calib")
    for options in [
      ["--effort", "max"], ["--rounding", "compensated"], ["--biases", "network"], ["--equalize"],
      ["--target-ratio", "8"], ["--max-kl", "0.01"], ["--min-agreement", "98"], ["--max-drop", "1"],
      ["--prune", "0.5", "--prune-method", "magnitude"], ["--prune-channels", "0.3"], ["--samples", "9"],
      ["--seed", "9"],
    ] {
      let outcome = try compile(all, "refused", options)
      #expect(outcome.status == 2 && outcome.isOneLine(with: [options[0], "all.calib"]), "\(outcome.error)")
    }
    let float = try Program.run("compile", Fixture.cnn, "--calib", all, "-o", folder / "refused.derm")
    #expect(float.status == 2 && float.isOneLine(with: ["--int8"]))
    let sweep = try Program.run("sweep", Fixture.cnn, "--calib", all, "--eval", Fixture.evaluation, "-o", folder / "s")
    #expect(sweep.status == 2 && sweep.isOneLine(with: ["all.calib", "counts, no images"]), "\(sweep.error)")
    let mean = try compile(all, "refused", ["--mean", "0.25"])
    #expect(mean.status == 3 && mean.isOneLine(with: ["all.calib", "0.25", "0.485"]), "\(mean.error)")
    let model = try Program.run(
      "compile", Fixture.mobilenet, "--int8", "--calib", all, "-o", folder / "refused.derm")
    #expect(model.status == 3 && model.isOneLine(with: ["all.calib", "another model"]), "\(model.error)")
    #expect(!folder.names.contains { $0.hasPrefix("refused") })
    // What is chosen without images is taken.
    let kept = ["--keep-float", "/hidden/Gemm", "--no-equalize"]
    #expect(try bundle(all, "kept", kept) == expected(kept))
  }

  @Test func damagedAndCutOffFilesAreNamed() throws {
    let path = try count("1/2", "1.calib")
    let whole = try MappedFile.contents(of: path)
    let other = try count("2/2", "2.calib")
    for (place, change) in [(5, 1), (20, 255), (70, 1), (whole.count / 2, 16), (whole.count - 1, 128)] {
      var changed = whole
      changed[place] ^= UInt8(change)
      try OutputFile.write(changed, to: folder / "changed.calib")
      let outcome = try Program.run("merge", other, folder / "changed.calib", "-o", folder / "merged.calib")
      #expect(outcome.status == 3 && outcome.isOneLine(with: ["changed.calib"]), "byte \(place): \(outcome.error)")
    }
    for length in [0, 3, 64, 300, whole.count - 1] {
      try OutputFile.write(Array(whole[..<length]), to: folder / "cut.calib")
      let outcome = try Program.run("merge", folder / "cut.calib", other, "-o", folder / "merged.calib")
      #expect(outcome.status == 3 && outcome.isOneLine(with: ["cut.calib"]), "\(length) bytes: \(outcome.error)")
    }
    #expect(!folder.names.contains("merged.calib"))
    // A file of counts is no model, and says so.
    let run = try Program.run("run", path, Fixture.image)
    #expect(run.status == 3 && run.isOneLine(with: ["1.calib", "no model"]), "\(run.error)")
  }

  /// What leaves a site tells of no file, and may be signed.
  @Test func anonymousCountsTellOfNoFile() throws {
    let data = folder.makeFolder("data")
    for index in 1...3 {
      try folder.copy(Fixture.root + "images/calib/mel/00\(index).jpg", as: "data/Smith \(index).jpg")
    }
    try folder.write("no image", to: "data/Smith 0.jpg")
    let options = ["--preprocess", Fixture.preprocessing, "--anonymous"]
    func counted(_ least: Int, _ name: String) throws -> Outcome {
      try Program.run(
        ["calibrate", Fixture.cnn, data, "--min-samples", "\(least)", "-o", folder / name] + options)
    }
    #expect(try counted(3, "here.calib").status == 0)
    let few = try counted(4, "few.calib")
    #expect(few.status == 3 && few.error.contains("gives 3 samples, --min-samples 4 demands more"), "\(few.error)")
    #expect(!folder.names.contains("few.calib"))
    // Sections are compressed: a name would not be seen in the bytes of the file.
    func text(_ name: String) throws -> String {
      let parts = try #require(BundleParts(try MappedFile.contents(of: folder / name)))
      return parts.sections.map { String(decoding: $0.raw, as: UTF8.self) }.joined()
    }
    _ = try count("1/1", "told.calib", data: data, [])
    #expect(try text("told.calib").contains("Smith") && !text("here.calib").contains("Smith"))
    // The same network as of counts that tell.
    let one = try bundle(data, "folder", ["--preprocess", Fixture.preprocessing, "--effort", "fast"])
    #expect(try bundle(folder / "here.calib", "here") == one)
    let report = try report("here")
    #expect(try report["data"].optional("calibration") == nil)
    #expect(try report["calibration"]["skipped"].elements().map { try $0["file"].string() } == ["sample 1"])
    // Signed as bundles are.
    #expect(try Program.run("sign", "--new-key", folder / "key.pem", "--quiet").status == 0)
    #expect(try Program.run("sign", folder / "here.calib", "--key", folder / "key.pem", "--quiet").status == 0)
    let verified = try Program.run("verify", folder / "here.calib", "--public-key", folder / "key.pem.pub")
    #expect(verified.status == 0 && verified.output.contains("signature: holds"), "\(verified.error)")
    #expect(verified.output.contains("counts of 3 samples"))
    #expect(try bundle(folder / "here.calib", "signed") == one)
  }

  @Test func listsStandForFolders() throws {
    let names = try Fixture.classes.flatMap { name in
      try FileNames.sorted(Fixture.calibration + "/" + name).map { "\(name)/\($0)" }
    }
    let list = names.map { "\(Fixture.calibration)/\($0)" }.joined(separator: "\n")
    try folder.write(list + "\r\n", to: "files.txt")
    let counted = try count("1/1", "list.calib", data: folder / "files.txt")
    #expect(try bundle(counted, "list") == expected())
    // Below the list's own folder, and as a table whose classes do not matter here.
    let data = folder.makeFolder("data")
    var rows = "file,label\n"
    for index in 1...3 {
      try folder.copy(Fixture.root + "images/calib/mel/00\(index).jpg", as: "data/\(index).jpg")
      rows += "data/\(index).jpg,mel\n"
    }
    try folder.write("data/1.jpg\n\ndata/2.jpg\ndata/3.jpg\n", to: "some.txt")
    try folder.write(rows, to: "some.csv")
    let one = try bundle(try count("1/1", "0.calib", data: data, []), "data")
    for name in ["some.txt", "some.csv"] {
      #expect(try bundle(try count("1/1", "1.calib", data: folder / name, []), "some") == one, "\(name)")
    }
    let labels = ["--labels", Fixture.classes.joined(separator: ","), "--preprocess", Fixture.preprocessing, "--json"]
    let measured = try Program.run(["eval", Fixture.cnn, folder / "some.csv"] + labels)
    #expect(try measured.json()["samples"].int() == 3, "\(measured.error)")
    let unlabelled = try Program.run(["eval", Fixture.cnn, folder / "some.txt"] + labels)
    #expect(unlabelled.status == 3 && unlabelled.isOneLine(with: ["some.txt", "--table"]), "\(unlabelled.error)")
    for (text, words) in [
      ("a.jpg\nb.doc\n", ["line 2", "b.doc"]), ("a.jpg\na.jpg\n", ["line 2", "a.jpg again"]),
      ("/a.jpg\nb.jpg\n", ["begin with /"]), ("", ["contains no images"]),
    ] {
      try folder.write(text, to: "bad.txt")
      let outcome = try Program.run("calibrate", Fixture.cnn, folder / "bad.txt", "-o", folder / "bad.calib")
      #expect(outcome.status == 3 && outcome.isOneLine(with: ["bad.txt"] + words), "\(outcome.error)")
    }
  }
}

extension CalibrateTests {
  /// Samples in tars are those of a folder with the same files: bundle, parts and figures are the same.
  @Test func tarsStandForFolders() throws {
    func members(_ data: String, _ flat: Bool) throws -> [TarFile.Member] {
      try Fixture.classes.flatMap { name in
        try FileNames.sorted("\(data)/\(name)").flatMap { file -> [TarFile.Member] in
          let bytes = try MappedFile.contents(of: "\(data)/\(name)/\(file)")
          guard flat else { return [TarFile.Member("\(name)/\(file)", bytes)] }
          return [
            TarFile.Member("\(name)-\(file)", bytes),
            TarFile.Member("\(name)-\(file.dropLast(4)).cls", Array(name.utf8)),
          ]
        }
      }
    }
    let all = try members(Fixture.calibration, false)
    try OutputFile.write(TarFile(all.reversed()).bytes, to: folder / "calib.tar")
    let (shards, copy) = (folder.makeFolder("shards"), folder.makeFolder("copy"))
    for index in 0..<3 {
      let piece = Array(all[index * all.count / 3..<(index + 1) * all.count / 3])
      try OutputFile.write(TarFile(piece).bytes, to: "\(shards)/s-\(index).tar")
      _ = folder.makeFolder("copy/s-\(index).tar")
      for name in Fixture.classes { _ = folder.makeFolder("copy/s-\(index).tar/\(name)") }
      for member in piece { try OutputFile.write(member.content, to: "\(copy)/s-\(index).tar/\(member.name)") }
    }
    let one = try expected()
    #expect(try bundle(try count("1/1", "tar.calib", data: folder / "calib.tar"), "tar") == one)
    let options = ["--preprocess", Fixture.preprocessing, "--effort", "fast"]
    let whole = try bundle(Fixture.calibration, "whole", options)
    for data in ["calib.tar", "shards", "shards/s-{0..2}.tar"] {
      #expect(try bundle(folder / data, "data", options) == whole, "\(data)")
    }
    // One part of tars, one of the same files unpacked.
    let parts = try [count("1/2", "1.calib", data: shards, []), count("2/2", "2.calib", data: copy, [])]
    #expect(try bundle(try merge(parts, "all.calib"), "parts") == whole)

    let pictures = try members(Fixture.evaluation, true)
    try OutputFile.write(TarFile(pictures).bytes, to: folder / "eval.tar")
    let told = ["--preprocess", Fixture.preprocessing, "--json", "--labels", Fixture.classes.joined(separator: ",")]
    let measured = try Program.run(["eval", Fixture.cnn, folder / "eval.tar"] + told)
    #expect(try measured.output == Program.run(["eval", Fixture.cnn, Fixture.evaluation] + told).output)
    let answers = try Program.run(
      ["run", Fixture.cnn, folder / "eval.tar", "--preprocess", Fixture.preprocessing, "--json"])
    #expect(answers.output.contains("eval.tar/mel-000.jpg"), "\(answers.error)")
  }
}

/// Names in folders of the fixtures.
private enum FileNames {
  static func sorted(_ folder: String) throws -> [String] {
    // Images are numbered from 0 on, and are JPEG or PNG.
    (0..<100).flatMap { index in
      [".jpg", ".png"].map { (index < 10 ? "00" : "0") + "\(index)" + $0 }
    }.filter { (try? FileStatus.of("\(folder)/\($0)")) != nil }
  }
}
