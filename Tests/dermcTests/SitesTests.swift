import CanonicalJSON
import FuzzTargets
import Platform
import Tensors
import Testing

/// Several sites, each with images of its own: the bundle and the figures are those of all images in one place.
@Suite struct SitesTests {
  private let folder: Folder
  private static let names = ["basel", "graz", "ulm"]
  private static let told = ["--preprocess", Fixture.preprocessing]
  private static let labels = Fixture.classes.joined(separator: ",")

  /// Three folders, `calib/basel` and so on, with a third of the fixtures' images each; `val` likewise.
  init() throws {
    folder = try Folder()
    for (kind, source) in [("calib", Fixture.calibration), ("val", Fixture.evaluation)] {
      _ = folder.makeFolder(kind)
      for site in SitesTests.names {
        _ = folder.makeFolder("\(kind)/\(site)")
        for name in Fixture.classes { _ = folder.makeFolder("\(kind)/\(site)/\(name)") }
      }
      for name in Fixture.classes {
        // Every site has images that are named as others' are.
        var counts = [0, 0, 0]
        for (index, file) in Folder.names("\(source)/\(name)").enumerated() {
          let site = [0, 0, 1, 2, 1][index % 5]
          let ending = file.split(separator: ".").last.map(String.init) ?? ""
          try folder.copy(
            "\(source)/\(name)/\(file)", as: "\(kind)/\(SitesTests.names[site])/\(name)/\(counts[site]).\(ending)")
          counts[site] += 1
        }
      }
    }
  }

  private func run(_ arguments: [String]) throws -> String {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
    return outcome.output
  }

  private func count(
    _ site: String, _ shard: String, _ name: String, _ options: [String] = SitesTests.told
  ) throws -> String {
    _ = try run(
      ["calibrate", Fixture.cnn, folder / "calib/\(site)", "--site", site, "--shard", shard, "-o", folder / name]
        + options)
    return folder / name
  }

  private func bundle(_ calib: String, _ name: String, _ options: [String] = []) throws -> [UInt8] {
    _ = try run(
      [
        "compile", Fixture.cnn, "--int8", "--calib", calib, "--eval", Fixture.evaluation, "-o", folder / "\(name).derm",
        "--quiet", "--labels", SitesTests.labels,
      ] + options)
    return try MappedFile.contents(of: folder / "\(name).derm")
  }

  @Test func bundleIsThatOfPooledImages() throws {
    let pooled = try bundle(folder / "calib", "pooled", SitesTests.told + ["--effort", "fast"])
    var parts: [String] = []
    for (site, shards) in zip(SitesTests.names, [1, 3, 2]) {
      for shard in 1...shards { parts.append(try count(site, "\(shard)/\(shards)", "\(site)\(shard).calib")) }
    }
    func merged(_ parts: [String], _ name: String) throws -> String {
      _ = try run(["merge"] + parts + ["-o", folder / name])
      return folder / name
    }
    let all = try merged(parts, "all.calib")
    #expect(try bundle(all, "all") == pooled)
    // In another order, sites mixed, as a tree.
    let left = try merged([parts[4], parts[0], parts[2]], "left.calib")
    let right = try merged([parts[3], parts[5], parts[1]], "right.calib")
    #expect(try MappedFile.contents(of: merged([right, left], "tree.calib")) == MappedFile.contents(of: all))
    let text = try run(["verify", all])
    #expect(text.contains("of 3 sites (basel: ") && text.contains("graz: ") && text.contains("all 3 shards"), "\(text)")
    let (report, other) = try (self.report("all"), self.report("pooled"))
    #expect(try report["calibration"]["sites"].strings() == SitesTests.names)
    #expect(try report["calibration"]["parts"].int() == 6)
    #expect(try report["data"].value == other["data"].value)
    #expect(try report["accuracy"].value == other["accuracy"].value)
  }

  private func report(_ name: String) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "\(name).report.json")), name: "report")
  }

  @Test func refusesWhatDoesNotBelongTogether() throws {
    let basel = try count("basel", "1/2", "basel.calib")
    let graz = try count("graz", "1/1", "graz.calib")
    func refused(_ arguments: [String], _ status: Int32, _ words: [String]) throws {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == status && outcome.isOneLine(with: words), "\(arguments): \(outcome.error)")
    }
    func refused(_ parts: [String], _ words: [String]) throws {
      try refused(["merge"] + parts + ["-o", folder / "merged.calib"], 3, words)
      #expect(!folder.names.contains("merged.calib"))
    }
    try refused([basel, graz, basel], ["basel.calib", "shard 1 of 2 of site basel", "give each shard once"])
    // Another's images under a site's name.
    _ = try run(
      ["calibrate", Fixture.cnn, folder / "calib/ulm", "--site", "basel", "--shard", "2/2", "-o", folder / "x.calib"]
        + SitesTests.told)
    try refused([graz, basel, folder / "x.calib"], ["x.calib", "of site basel and of other samples"])
    _ = try run(["calibrate", Fixture.cnn, folder / "calib/ulm", "-o", folder / "none.calib"] + SitesTests.told)
    try refused([graz, folder / "none.calib"], ["none.calib", "of no site", "--site"])
    try refused([folder / "none.calib", graz], ["graz.calib", "of a site, the others are of none"])
    let hidden = try count("ulm", "1/1", "hidden.calib", SitesTests.told + ["--anonymous"])
    try refused([graz, hidden], ["hidden.calib", "of site ulm and anonymous, the others are not"])
    try refused(
      [graz, count("ulm", "1/1", "mean.calib", ["--mean", "0.5"])], ["mean.calib", "another preprocessing"])
    _ = try run(["merge", basel, graz, "-o", folder / "both.calib"])
    try refused(
      ["compile", Fixture.cnn, "--int8", "--calib", folder / "both.calib", "-o", folder / "x.derm"], 3,
      ["both.calib", "of 2 shards of site basel 2 is missing", "--site basel --shard 2/2"])
    for name in ["", "a/b", "..", ".hidden", "Zürich", String(repeating: "a", count: 65)] {
      try refused(
        ["calibrate", Fixture.cnn, folder / "calib/ulm", "--site", name, "-o", folder / "x.calib"], 2,
        ["--site \(name)", "expected a name"])
    }
    try refused(
      ["calibrate", Fixture.cnn, folder / "calib/ulm", "--site", "a", "--samples", "3", "-o", folder / "x.calib"], 2,
      ["--site a", "files.txt"])
    for option in [["--site", "a"], ["--anonymous"], ["--min-samples", "3"]] {
      try refused(["eval", Fixture.cnn, folder / "val/ulm"] + option, 2, [option[0], "needs -o FILE"])
    }
  }

  /// Figures are those of a table of all samples, with the site in front of names and patients.
  @Test func figuresAreThoseOfPooledImages() throws {
    let model = try bundle(Fixture.calibration, "model", SitesTests.told)
    #expect(!model.isEmpty)
    var pooled = "file,label,patient_id,age,site\n"
    var parts: [String] = []
    for site in SitesTests.names {
      var rows = "file,label,patient_id,age\n"
      for name in Fixture.classes {
        for (index, file) in Folder.names(folder / "val/\(site)/\(name)").enumerated() {
          let row = "\(name)/\(file),\(name),"
          rows += "\(row)P\(index / 2),\(index % 2 == 0 ? "young" : "old")\n"
          pooled += "\(site)/\(row)\(site)/P\(index / 2),\(index % 2 == 0 ? "young" : "old"),\(site)\n"
        }
      }
      try folder.write(rows, to: "\(site).csv")
      for shard in 1...2 {
        let path = folder / "\(site)-\(shard).eval"
        _ = try run([
          "eval", folder / "model.derm", folder / "val/\(site)", "--table", folder / "\(site).csv", "--subgroups",
          "age",
          "--against", Fixture.cnn, "--site", site, "--shard", "\(shard)/2", "-o", path, "--quiet",
        ])
        parts.append(path)
      }
    }
    try folder.write(pooled, to: "val/pooled.csv")
    _ = try run(["merge"] + parts.reversed() + ["-o", folder / "all.eval"])
    let against = ["--against", Fixture.cnn, "--json", "--predictions"]
    let one = try run(
      ["eval", folder / "model.derm", folder / "val/pooled.csv", "--subgroups", "age,site"] + against
        + [folder / "one.csv"])
    #expect(try run(["eval", folder / "model.derm", folder / "all.eval"] + against + [folder / "all.csv"]) == one)
    #expect(try MappedFile.contents(of: folder / "all.csv") == MappedFile.contents(of: folder / "one.csv"))
    // One site by itself has no subgroup of sites.
    _ = try run(["merge", parts[0], parts[1], "-o", folder / "basel.eval"])
    let alone = try run(["eval", folder / "model.derm", folder / "basel.eval", "--json"])
    #expect(alone.contains("\"age\"") && !alone.contains("\"site\""))
  }

  @Test func anonymousScoresTellOfNoFile() throws {
    for (index, file) in Folder.names(Fixture.evaluation + "/mel").prefix(5).enumerated() {
      try folder.copy("\(Fixture.evaluation)/mel/\(file)", as: "val/ulm/mel/Smith \(index).jpg")
    }
    try folder.write("no image", to: "val/ulm/mel/Smith.jpg")
    var rows = "file,label,patient_id\n"
    for name in Fixture.classes {
      for (index, file) in Folder.names(folder / "val/ulm/\(name)").enumerated() {
        rows += "\(name)/\(file),\(name),\(index < 2 ? "Jones" : "\(name) Jones \(index)")\n"
      }
    }
    try folder.write(rows + "mel/Smith gone.jpg,mel,Jones\n", to: "ulm.csv")
    func score(_ name: String, _ options: [String]) throws -> Outcome {
      try Program.run(
        [
          "eval", Fixture.cnn, folder / "val/ulm", "--table", folder / "ulm.csv", "--labels", SitesTests.labels, "-o",
          folder / name,
        ] + SitesTests.told + options)
    }
    func json(_ name: String) throws -> String { try run(["eval", Fixture.cnn, folder / name, "--json"]) }
    for (name, options) in [("plain.eval", []), ("anonymous.eval", ["--anonymous"])] {
      #expect(try score(name, options).status == 0)
    }
    func text(_ name: String) throws -> String {
      let parts = try #require(BundleParts(try MappedFile.contents(of: folder / name)))
      return parts.sections.map { String(decoding: $0.raw, as: UTF8.self) }.joined()
    }
    let told = try text("anonymous.eval")
    #expect(!told.contains("Smith") && !told.contains("Jones") && !told.contains(folder.path))
    #expect(try text("plain.eval").contains("Smith") && text("plain.eval").contains("Jones"))
    let plain = JSONNode(try JSON(parsing: Array(json("plain.eval").utf8)), name: "plain")
    let hidden = JSONNode(try JSON(parsing: Array(json("anonymous.eval").utf8)), name: "anonymous")
    for member in ["samples", "top1", "macro_f1", "intervals", "per_class"] {
      #expect(try hidden.optional(member)?.value == plain.optional(member)?.value, "\(member)")
    }
    #expect(try hidden.optional("data") == nil)
    #expect(try hidden["warnings"].strings().contains { $0.contains("something to warn of in the data (1)") })
    _ = try run(["eval", Fixture.cnn, folder / "anonymous.eval", "--predictions", folder / "p.csv"])
    let predictions = String(decoding: try MappedFile.contents(of: folder / "p.csv"), as: UTF8.self)
    #expect(predictions.contains("sample 12") && !predictions.contains("Smith"))
    // Shards number groups alike.
    for shard in 1...3 {
      #expect(try score("\(shard).eval", ["--anonymous", "--shard", "\(shard)/3"]).status == 0)
    }
    _ = try run(["merge", folder / "2.eval", folder / "3.eval", folder / "1.eval", "-o", folder / "all.eval"])
    #expect(try json("all.eval") == json("anonymous.eval"))
    let few = try score("few.eval", ["--min-samples", "1000"])
    #expect(few.status == 3 && few.error.contains("--min-samples 1000 demands more"), "\(few.error)")
    #expect(!folder.names.contains("few.eval"))
  }

  /// The lines of docs/multi-site.md, as they stand there.
  @Test func pageIsTrue() throws {
    for (name, file) in [("model.onnx", Fixture.cnn), ("preprocess.json", Fixture.preprocessing)] {
      try folder.copy(file, as: name)
    }
    try folder.write(Fixture.classes.joined(separator: "\n"), to: "classes.txt")
    for site in SitesTests.names {
      _ = folder.makeFolder(site)
      for kind in ["calib", "val"] { symlink("../\(kind)/\(site)", folder / "\(site)/\(kind)") }
    }
    let page = String(decoding: try MappedFile.contents(of: Fixture.root + "../docs/multi-site.md"), as: UTF8.self)
    let lines = page.split(separator: "\n").filter { $0.hasPrefix("    dermc ") }.map { $0.dropFirst(10) }
    #expect(lines.count > 15)
    for line in lines {
      let outcome = try Program.run(
        line.split(separator: " ").map(String.init), script: "cd '\(folder.path)' && exec \"$@\"")
      #expect(outcome.status == 0, "\(line): \(outcome.error)")
      if line == "eval model.derm all.eval --against model.onnx" {
        #expect(SitesTests.names.allSatisfy(outcome.output.contains), "\(outcome.output)")
      }
    }
    let pooled = try bundle(folder / "calib", "pooled", SitesTests.told + ["--effort", "fast"])
    // What is compared in a report is in its bundle, too.
    #expect(try bundle(folder / "all.calib", "again") == pooled)
  }
}
