import CanonicalJSON
import Tensors
import Testing

/// `dermc analyze`, and what it says to do.
@Suite struct AnalyzeTests {
  private static let arguments = [
    "analyze", Fixture.cnn, "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing,
  ]

  private func report(in folder: Folder) throws -> JSONNode {
    JSONNode(try JSON(parsing: MappedFile.contents(of: folder / "model.report.json")), name: "report")
  }

  @Test func foretellsWhatIsMeasured() throws {
    let outcome = try Program.run(Self.arguments + ["--json", "--measure", "3", "--range", "minmax"])
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let found = try outcome.json()
    #expect(try found["is_divergence"].bool() && found["range"].string() == "minmax")
    let places = try found["places"].elements()
    let kinds = try places.map { try $0["kind"].string() }
    #expect(kinds.first == "input" && kinds.contains("weights") && kinds.contains("output"))
    var measured = 0
    for place in places {
      let foretold = try place["foretold"]["mean"].double()
      #expect(foretold >= 0)
      guard let node = try place.optional("measured") else { continue }
      measured += 1
      let (mean, name) = try (node["mean"].double(), place["name"].string())
      #expect(foretold < 2 * mean && mean < 2 * foretold, "\(name): \(foretold), \(mean)")
    }
    #expect(measured == 3)
    let (whole, foretold) = try (
      found["measured"]["mean"].double(), found["foretold"]["together"]["mean"].double()
    )
    #expect(whole < 2 * foretold && foretold < 2 * whole)
    #expect(try !found["advice"].strings().isEmpty)
    // The same on one thread, to the last bit.
    let alone = try Program.run(
      Self.arguments + ["--json", "--measure", "3", "--range", "minmax", "--threads", "1"])
    #expect(alone.output == outcome.output)
  }

  /// Channels are equalized where compile does it, or as told.
  @Test func equalizesAsCompileDoes() throws {
    let folder = try Folder()
    let data = ["--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing]
    func layers(_ options: String...) throws -> Int {
      let outcome = try Program.run(["analyze", Fixture.mobilenet] + data + ["--json", "--measure", "0"] + options)
      #expect(outcome.status == 0, "\(outcome.error)")
      return try outcome.json()["equalized_layers"].int(in: 0...1000)
    }
    #expect(try layers("--no-equalize") == 0)
    let most = try layers("--equalize")
    #expect(most > 0)
    let compiled = try Program.run(
      ["compile", Fixture.mobilenet, "--int8", "-o", folder / "model.derm", "--quiet"] + data)
    #expect(compiled.status == 0, "\(compiled.error)")
    let taken = try report(in: folder)["calibration"].optional("equalized_layers")?.int(in: 1...1000)
    #expect(try layers() == taken ?? 0)
    let text = try Program.run(["analyze", Fixture.mobilenet] + data + ["--measure", "0", "--equalize"])
    #expect(text.output.contains("channels of \(most) layers equalized"), "\(text.output)")
  }

  @Test func listsTheWorst() throws {
    let outcome = try Program.run(Self.arguments + ["--rows", "4", "--measure", "1"])
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.filter { $0.contains(" weights ") || $0.contains(" output ") || $0.contains(" input ") }.count >= 4)
    #expect(lines.contains { $0.contains("place") && $0.contains("cumulated") })
    #expect(lines.contains { $0.hasPrefix("  int8 ") && $0.contains("measured") })
    #expect(lines.contains { $0.hasPrefix("- ") })
  }

  /// The page has a column for each place that costs something, and says what to do; the JSON is what is printed.
  @Test func writesAPage() throws {
    let folder = try Folder()
    let outcome = try Program.run(
      Self.arguments + ["--json", "--measure", "1", "--report", folder / "a.html", folder / "a.md", folder / "a.json"])
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let found = try outcome.json()
    func text(_ name: String) throws -> String {
      String(decoding: try MappedFile.contents(of: folder / name), as: UTF8.self)
    }
    #expect(try JSON(parsing: MappedFile.contents(of: folder / "a.json")) == found.value)
    let page = try text("a.html")
    let places = try found["places"].elements()
    let columns = page.split(separator: "cost\" x=\"").count - 1
    // And two in the legend.
    #expect(columns > 2 + places.count / 3 && columns <= 2 + places.count, "\(columns) of \(places.count)")
    for part in ["<polyline", "What to do", "All \(places.count) places", "--max-drop", "Written by dermc"] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains("<script") && !page.contains("http") && !page.contains("src="))
    let markdown = try text("a.md")
    #expect(markdown.contains("## What to do") && !markdown.contains("<svg"))
    let wrong = try Program.run(Self.arguments + ["--report", folder / "a.txt"])
    #expect(wrong.status == 2 && wrong.isOneLine(with: ["a.txt", ".json, .md or .html"]))
  }

  @Test func refusesWhatIsCompiled() throws {
    let folder = try Folder()
    let bundle = folder / "model.derm"
    let compiled = try Program.run([
      "compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing,
      "--effort", "fast", "-o", bundle, "--quiet",
    ])
    #expect(compiled.status == 0, "\(compiled.error)")
    let outcome = try Program.run(["analyze", bundle, "--calib", Fixture.calibration])
    #expect(outcome.status == 3 && outcome.isOneLine(with: ["model.derm", "quantized already", "float model"]))
  }

  @Test func keepsLayersInFloat() throws {
    let folder = try Folder()
    let bundle = folder / "model.derm"
    let arguments = [
      "compile", Fixture.cnn, "--int8", "--calib", Fixture.calibration, "--preprocess", Fixture.preprocessing,
      "--effort", "fast", "-o", bundle, "--quiet",
    ]
    #expect(try Program.run(arguments).status == 0)
    let layers = try report(in: folder)["layers"].elements()
    let first = try #require(try layers.first { try $0["op"].string() == "Conv" })
    let name = try first["name"].string()
    #expect(try first["precision"].string() == "int8")

    #expect(try Program.run(arguments + ["--keep-float", name]).status == 0)
    let report = try report(in: folder)
    #expect(try report["recipe"]["keep_float"].strings() == [name])
    let kept = try #require(try report["layers"].elements().first { try $0["name"].string() == name })
    #expect(try kept["precision"].string() == "float32" && kept["reason"].string() == "kept in float, as asked for")
    #expect(try Program.run(["verify", bundle]).status == 0)

    let wrong = try Program.run(arguments + ["--keep-float", "\(name)x"])
    #expect(wrong.status == 2 && wrong.isOneLine(with: ["--keep-float \(name)x", "did you mean \(name)"]))
    let float = try Program.run(["compile", Fixture.cnn, "--keep-float", name, "-o", bundle])
    #expect(float.status == 2 && float.isOneLine(with: ["--keep-float", "needs --int8"]))
  }
}
