import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// The outcome of gates in the forms that continuous integration reads, with names as strangers may choose them.
struct GateFormatTests {
  /// Markup, commands, ends of lines and what turns text round.
  private static let hostile = "<b>&\"'|`x`\n::error::a,b:c%\r\u{1B}[31m\u{202E}]]>@you"

  private func run(model: String = "lesions.onnx", budget: String = "./budget.json") throws -> GateRun {
    var report = sampleReport()
    report.source = .init(path: model, format: "onnx", bytes: 1, sha256: "")
    report.layers[1].name = GateFormatTests.hostile
    let text = Array(
      #"""
      {
        "max_macs": 310000000,
        "min_layer_sqnr_db": 20,
        "min_recall": {
          "mel": 0.8
        },
        "against_baseline": {"max_macs": 0}
      }
      """#.utf8)
    let limits = try Budget(json: JSON(parsing: text), name: "budget", text: text)
    let baseline = try Baseline(report, of: report, limits, files: ("old", "new"))
    return GateRun(
      dermc: "1.2.3",
      items: [
        GateRun.Item(
          report: "out/\(model)", model: model, budget: budget, baseline: "old.json",
          gate: Gate(report, limits, against: baseline, times: nil))
      ])
  }

  private func json(_ format: GateFormat, _ run: GateRun) throws -> JSONNode {
    JSONNode(try JSON(parsing: Array(format.make(run).utf8)), name: format.name)
  }

  @Test func everyFormatHasAName() {
    let names = GateFormat.all.map(\.name)
    #expect(Set(names).count == names.count && names.contains("junit"))
    #expect(names.allSatisfy { GateFormat.named($0)?.name == $0 } && GateFormat.named("xml") == nil)
  }

  @Test func textIsWhatItWas() throws {
    let run = try run()
    #expect(GateFormat.text.make(run) == run.items[0].gate.text)
    let two = GateRun(dermc: "", items: run.items + run.items)
    #expect(GateFormat.text.make(two).hasPrefix("out/lesions.onnx\nok    max_macs"))
    #expect(GateFormat.text.make(two).contains("2 of 4 limits broken\n\nout/lesions.onnx\n"))
  }

  @Test func jsonHasEverything() throws {
    let gate = try json(.json, run(model: GateFormatTests.hostile))
    #expect(try gate["schema"].int() == 1 && gate["dermc"].string() == "1.2.3" && !gate["passes"].bool())
    let report = try gate["reports"].elements()[0]
    #expect(try report["model"].string() == GateFormatTests.hostile && report["baseline"].string() == "old.json")
    let checks = try report["checks"].elements()
    #expect(try checks.map { try $0["limit"].string() } == ["max_macs", "min_layer_sqnr_db", "min_recall", "max_macs"])
    #expect(try checks.map { try $0["passes"].bool() } == [true, false, false, true])
    #expect(try checks.map { try $0["line"].int() } == [2, 3, 5, 7])
    #expect(try checks.map { try $0["against_baseline"].bool() } == [false, false, false, true])
    #expect(try checks[2]["of"].string() == "mel" && checks[2]["value"].double() == 0.75)
    #expect(try checks[2]["allowed"].double() == 0.8 && checks[2]["unit"].string() == "fraction")
    #expect(try checks[3]["change"]["loss"].double() == 0 && checks[3]["change"]["method"].string() == "exact")
    #expect(try checks[0].optional("change") == nil)
  }

  @Test func junitIsXMLWithACaseForEachLimit() throws {
    let xml = GateFormat.junit.make(try run(model: GateFormatTests.hostile))
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    #expect(xml.hasPrefix(head))
    let body = String(xml.dropFirst(head.count))
    #expect(try unclosed(body).isEmpty)
    let tags = try tags(body)
    #expect(tags[0].name == "testsuites" && tags[0].attributes["tests"] == "4" && tags[0].attributes["failures"] == "2")
    #expect(tags.count { $0.name == "testcase" && !$0.isEnd } == 4)
    let failures = tags.filter { $0.name == "failure" && !$0.isEnd }
    #expect(failures.map { $0.attributes["type"] } == ["broken", "broken"])
    #expect(failures[1].attributes["message"] == "min_recall.mel: 75.00 %, budget 80.00 %")
    // What XML cannot have, and what turns text round, is told instead.
    #expect(!body.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" })
    #expect(body.contains("&lt;b&gt;&amp;&quot;&#39;|`x`\\u{a}::error"))
  }

  @Test func sarifHasARuleForEachKindOfLimit() throws {
    let sarif = try json(.sarif, run(budget: "a b/\u{10FFFF}ü%.json"))
    #expect(try sarif["version"].string() == "2.1.0")
    let log = try sarif["runs"].elements()[0]
    let rules = try log["tool"]["driver"]["rules"].elements().map { try $0["id"].string() }
    #expect(rules == ["max_macs", "min_layer_sqnr_db", "min_recall", "against_baseline.max_macs"])
    let results = try log["results"].elements()
    #expect(try results.map { try $0["kind"].string() } == ["pass", "fail", "fail", "pass"])
    // The standard wants no level of what is no failure.
    #expect(try results.map { try $0["level"].string() } == ["none", "error", "error", "none"])
    for (result, rule) in zip(results, rules) {
      #expect(try result["ruleId"].string() == rule && rules[result["ruleIndex"].int()] == rule)
      let place = try result["locations"].elements()[0]["physicalLocation"]
      #expect(try place["artifactLocation"]["uri"].string() == "a%20b/%FF%C3%BC%25.json")
      #expect(try place["region"]["startLine"].int() > 1)
    }
    let prints = try results.map { try $0["partialFingerprints"]["dermcGate/v1"].string() }
    #expect(Set(prints).count == 4)
    #expect(GateFormat.uri("/x/b.json") == "file:///x/b.json")
  }

  @Test func githubAnnotatesTheBudget() throws {
    let output = GateFormat.github.make(try run(model: GateFormatTests.hostile, budget: "a,b:c%.json"))
    let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
    let commands = lines.filter { $0.hasPrefix("::") }
    #expect(commands.count == 2, "\(output)")
    #expect(commands[1].hasPrefix("::error file=a%2Cb%3Ac%25.json,line=5,title=dermc gate%3A <b>&"))
    #expect(commands[1].hasSuffix("::min_recall.mel: 75.00 %25, budget 80.00 %25"))
    #expect(commands[0].hasSuffix("budget 20.00 dB") && commands[0].contains("\\u{a}::error::a,b:c%25\\u{d}"))
    #expect(output.hasSuffix("2 of 4 limits broken\n"))
  }

  @Test func gitlabHasAnIssueForEachLimitThatIsBroken() throws {
    let issues = try json(.gitlab, run()).elements()
    #expect(try issues.map { try $0["check_name"].string() } == ["min_layer_sqnr_db", "min_recall"])
    #expect(try issues[1]["location"]["path"].string() == "budget.json")
    #expect(try issues[1]["location"]["lines"]["begin"].int() == 5)
    #expect(try issues[1]["severity"].string() == "major")
    #expect(try issues[1]["fingerprint"].string() == "lesions.onnx: min_recall.mel")
    #expect(try issues[1]["description"].string() == "lesions.onnx: min_recall.mel: 75.00 %, budget 80.00 %")
  }

  @Test func markdownIsATableOfPlainText() throws {
    let text = GateFormat.markdown.make(try run(model: GateFormatTests.hostile))
    #expect(text.hasPrefix("## dermc gate: 2 of 4 limits broken\n\n"))
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count == 6)
    #expect(rows[4] == "| **broken** | min_recall.mel | 75.00 % | 80.00 % |")
    // Five bars that are not escaped part the cells; nothing of the name is markup.
    for row in rows where row != rows[1] {
      let bars = row.split(separator: "\\|", omittingEmptySubsequences: false).joined().count { $0 == "|" }
      #expect(bars == 5, "\(row)")
    }
    #expect(!text.contains("<b>") && !text.contains("`x`") && !text.contains("@you") && text.contains("&lt;b&gt;"))
  }

  @Test func badgeIsAPicture() throws {
    let svg = GateFormat.badge.make(try run(model: GateFormatTests.hostile))
    #expect(try unclosed(svg).isEmpty)
    #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"199\" height=\"20\""), "\(svg)")
    #expect(svg.contains("<title>dermc: 2 of 4 limits broken</title>") && svg.contains("#b3261e"))
  }
}

/// Budgets that reports write.
struct BudgetDraftTests {
  private func keeps(_ report: Report) throws -> Gate {
    let text = BudgetDraft.make(report).prettyBytes()
    return Gate(report, try Budget(json: JSON(parsing: text), name: "draft", text: text))
  }

  @Test func theReportKeepsItsDraft() throws {
    let gate = try keeps(sampleReport())
    #expect(gate.passes, "\(gate.text)")
    let keys = gate.checks.map(\.name)
    for key in ["max_bundle_bytes", "min_top1", "min_recall.mel", "max_recall_drop_per_class.mel", "min_agreement"] {
      #expect(keys.contains(key), "\(key)")
    }
    #expect(try keeps(Report(json: JSON(parsing: sampleReport().json.prettyBytes()))).passes)
    // Room is what chance may take: 45 of 60.
    #expect(gate.checks.first { $0.name == "min_recall.mel" }?.limit == 0.627)
    #expect(gate.checks.first { $0.name == "max_recall_drop_per_class.mel" }?.limit == 0.083)
    #expect(gate.checks.first { $0.name == "max_bundle_bytes" }?.limit == 2_260_000)
  }

  @Test func everyKindOfReportKeepsItsDraft() throws {
    for accuracy in [binaryAccuracy(), multiLabelAccuracy(), AccuracyReport(data: .heldBack, samples: 3)] {
      var report = sampleReport()
      report.accuracy = accuracy
      let gate = try keeps(report)
      #expect(gate.passes, "\(gate.text)")
    }
    var bare = sampleReport()
    (bare.accuracy, bare.bundle, bare.layers) = (nil, nil, [])
    #expect(try keeps(bare).checks.map(\.name) == ["max_macs", "max_memory_bytes"])
    // What is perfect, and what is nothing.
    var odd = sampleReport()
    odd.compiled.macs = 0
    odd.accuracy?.compiled?.perClass[1].recall = 1
    odd.accuracy?.compiled?.perClass[2].recall = 0
    odd.accuracy?.deltas?.perClass[1].recall = Estimate(-1)
    odd.accuracy?.agreement = Estimate(1, low: 1, high: 1)
    let gate = try keeps(odd)
    #expect(gate.passes, "\(gate.text)")
  }

  @Test func limitsOnChangesAreToBeUncommented() throws {
    guard case .object(var members) = BudgetDraft.make(sampleReport()) else {
      Issue.record("no object")
      return
    }
    members["against_baseline"] = members["// against_baseline"]
    let budget = try Budget(json: .object(members), name: "draft")
    #expect(budget.changes.map(\.title).contains("min_recall.mel"))
    let baseline = try Baseline(sampleReport(), of: sampleReport(), budget, files: ("a", "b"))
    #expect(Gate(sampleReport(), budget, against: baseline, times: nil).passes)
  }
}
