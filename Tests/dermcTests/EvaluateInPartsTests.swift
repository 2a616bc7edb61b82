import CanonicalJSON
import Tensors
import Testing

/// Evaluation in parts: figures, intervals and tables are those of one run.
@Suite struct EvaluateInPartsTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  private func run(_ arguments: [String]) throws -> String {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
    return outcome.output
  }

  /// Scores shards, merges them last first, and returns the file of all.
  private func scored(_ model: String, _ data: String, shards: Int, _ options: [String]) throws -> String {
    let parts = try (1...shards).map { index in
      let path = folder / "\(shards)-\(index).eval"
      _ = try run(["eval", model, data, "--shard", "\(index)/\(shards)", "-o", path, "--quiet"] + options)
      return path
    }
    let all = folder / "\(shards).eval"
    _ = try run(["merge"] + parts.reversed() + ["-o", all])
    return all
  }

  @Test func everySplitIsMeasuredAsOneRun() throws {
    let model = try Compiled.bundle()
    let against = ["--against", Fixture.mobilenet]
    func measured(_ data: String, _ name: String) throws -> [String] {
      let options = against + ["--predictions", folder / name]
      return [
        try run(["eval", model, data, "--json"] + options), try run(["eval", model, data] + options),
        String(decoding: try MappedFile.contents(of: folder / name), as: UTF8.self),
      ]
    }
    let whole = try measured(Fixture.evaluation, "whole.csv")
    for shards in [1, 3, 64] {
      let all = try scored(model, Fixture.evaluation, shards: shards, against)
      #expect(try measured(all, "\(shards).csv") == whole, "\(shards) shards")
      // Of one model alone, too.
      let alone = try run(["eval", model, all, "--json"])
      #expect(try run(["eval", model, Fixture.evaluation, "--json"]) == alone)
    }
  }

  @Test func labelSetsGroupsAndSubgroupsAreKept() throws {
    let answers = Fixture.root + "answers"
    let model = answers + "/traits_logits.onnx"
    let told = [
      "--table", answers + "/traits.csv", "--preprocess", answers + "/preprocess.json", "--subgroups", "hair",
    ]
    let task = ["--task", "multilabel"]
    let all = try scored(model, Fixture.evaluation, shards: 4, told + task)
    for options in [task, task + ["--threshold", "0.3"]] {
      let whole = try run(["eval", model, Fixture.evaluation, "--json"] + told + options)
      #expect(try run(["eval", model, all, "--json"] + options) == whole)
    }
    let other = try Program.run("eval", model, all, "--json", "--task", "none")
    #expect(other.status == 3 && other.isOneLine(with: ["4.eval", "multilabel", "none"]), "\(other.error)")
  }

  @Test func refusesWhatDoesNotBelongTogether() throws {
    let preprocess = ["--preprocess", Fixture.preprocessing]
    func part(_ model: String, _ shard: String, _ name: String, _ options: [String] = []) throws -> String {
      _ = try run(
        ["eval", model, Fixture.evaluation, "--shard", shard, "-o", folder / name, "--quiet"] + preprocess + options)
      return folder / name
    }
    func refused(_ arguments: [String], _ words: [String]) throws {
      let outcome = try Program.run(arguments)
      #expect(outcome.status >= 2 && outcome.isOneLine(with: words), "\(outcome.error)")
    }
    let first = try part(Fixture.cnn, "1/2", "1.eval")
    let second = try part(Fixture.cnn, "2/2", "2.eval")
    let merged = folder / "merged.eval"
    try refused(["merge", first, first, "-o", merged], ["1.eval", "shard 1 of 2"])
    try refused(
      ["merge", first, try part(Fixture.mobilenet, "2/2", "other.eval"), "-o", merged], ["other.eval", "of the model"])
    try refused(
      ["merge", first, try part(Fixture.cnn, "2/2", "two.eval", ["--against", Fixture.cnn]), "-o", merged],
      ["two.eval", "of 2 models, not of 1", "--against"])
    _ = try run(["calibrate", Fixture.cnn, Fixture.evaluation, "-o", folder / "c.calib", "--quiet"] + preprocess)
    try refused(["merge", first, folder / "c.calib", "-o", merged], ["c.calib", "calibration where evaluation"])
    try refused(["merge", folder / "c.calib", first, "-o", merged], ["1.eval", "evaluation where calibration"])
    try refused(["eval", Fixture.cnn, first], ["1.eval", "of 2 shards 2 is missing", "--shard 2/2"])
    #expect(!folder.names.contains("merged.eval"))
    _ = try run(["merge", first, second, "-o", merged])
    try refused(["eval", Fixture.mobilenet, merged], ["merged.eval", "another model"])
    try refused(["eval", Fixture.cnn, merged, "--mean", "0.5"], ["merged.eval", "said when they were made"])
    try refused(["eval", Fixture.cnn, merged, "--against", Fixture.cnn], ["merged.eval", "scores of one model"])
    try refused(["eval", Fixture.cnn, folder / "c.calib"], ["c.calib", "calibration where evaluation"])
    try refused(["eval", Fixture.cnn, Fixture.evaluation, "--shard", "1/2"], ["--shard 1/2", "-o"])
    try refused(["eval", Fixture.cnn, Fixture.evaluation, "-o", folder / "x", "--json"], ["--json"])
    try refused(
      ["compile", Fixture.cnn, "--int8", "--calib", merged, "-o", folder / "x.derm"], ["evaluation where calibration"])
    var bytes = try MappedFile.contents(of: merged)
    bytes[bytes.count / 2] ^= 1
    try OutputFile.write(bytes, to: folder / "changed.eval")
    try refused(["eval", Fixture.cnn, folder / "changed.eval"], ["changed.eval", "damaged"])
  }

  /// Labels, groups and inputs are the table's: parts that were scored with different ones do not go together.
  @Test func refusesPartsOfOtherTables() throws {
    let data = folder.makeFolder("data")
    for index in 1...2 {
      try folder.copy(Fixture.root + "images/eval/mel/00\(index).jpg", as: "data/\(index).jpg")
    }
    func part(_ shard: String, _ table: String, _ name: String) throws -> String {
      try folder.write("file,label\n\(table)", to: "\(name).csv")
      _ = try run(
        [
          "eval", Fixture.cnn, data, "--shard", shard, "--table", folder / "\(name).csv", "-o", folder / name,
          "--quiet", "--preprocess", Fixture.preprocessing, "--labels", Fixture.classes.joined(separator: ","),
        ])
      return folder / name
    }
    let first = try part("1/2", "1.jpg,mel\n2.jpg,nv\n", "1.eval")
    let other = try part("2/2", "1.jpg,mel\n2.jpg,bcc\n", "other.eval")
    let outcome = try Program.run("merge", first, other, "-o", folder / "merged.eval")
    let words = ["other.eval", "another table", "SHA-256"]
    #expect(outcome.status == 3 && outcome.isOneLine(with: words), "\(outcome.error)")
    #expect(!folder.names.contains("merged.eval"))
    // A copy of the table is the same one.
    let second = try part("2/2", "1.jpg,mel\n2.jpg,nv\n", "2.eval")
    _ = try run(["merge", first, second, "-o", folder / "merged.eval"])
    #expect(try run(["eval", Fixture.cnn, folder / "merged.eval", "--json"]).contains("\"samples\""))
  }

  @Test func imagesThatCannotBeReadAreToldOf() throws {
    let data = folder.makeFolder("data")
    for name in ["mel", "nv"] {
      _ = folder.makeFolder("data/\(name)")
      for index in 1...2 {
        try folder.copy(Fixture.root + "images/eval/\(name)/00\(index).jpg", as: "data/\(name)/\(index).jpg")
      }
    }
    try folder.write("no image", to: "data/mel/0.jpg")
    let options = ["--preprocess", Fixture.preprocessing, "--labels", Fixture.classes.joined(separator: ",")]
    let all = try scored(Fixture.cnn, data, shards: 5, options)
    let (one, parts) = (
      try Program.run(["eval", Fixture.cnn, data, "--json"] + options),
      try Program.run("eval", Fixture.cnn, all, "--json")
    )
    #expect(parts.output == one.output && parts.error.contains("skipped mel/0.jpg"), "\(parts.error)")
    #expect(try parts.json()["samples"].int() == 4)
    let strict = try Program.run("eval", Fixture.cnn, all, "--strict")
    #expect(strict.status == 3)
  }
}
