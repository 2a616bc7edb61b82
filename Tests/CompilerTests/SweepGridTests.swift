import CanonicalJSON
import Metrics
import Reports
import Tensors
import Testing

@testable import Compiler

/// Which recipes a sweep has, and how its points are recorded.
@Suite struct SweepGridTests {
  private func entries(
    _ precisions: String = "float,int8", _ efforts: String = "fast,default", _ ratios: String = "plain,6,10",
    _ prunes: String = "0"
  ) throws -> [SweepGrid.Entry] {
    try SweepGrid(precisions: precisions, efforts: efforts, ratios: ratios, prunes: prunes).entries(Recipe())
  }

  @Test func namesEveryRecipe() throws {
    let usual = try entries()
    #expect(usual.map(\.name) == ["float", "int8-fast", "int8-default", "ratio-6", "ratio-10"])
    #expect(
      usual[1].options == ["--int8", "--effort", "fast"] && usual[4].options == ["--int8", "--target-ratio", "10"])
    #expect(usual[1].recipe.estimator == Effort.fast.estimator && usual[2].recipe.estimator == nil)
    #expect(usual[4].recipe.target == .ratio(10) && usual[4].recipe.int8 && !usual[0].recipe.int8)
    let pruned = try entries("int8,float", "fast", "7.5", "0,0.25")
    #expect(pruned.map(\.name) == ["ratio-7.5-fast", "ratio-7.5-fast-prune-0.25"])
    #expect(pruned[1].options == ["--int8", "--effort", "fast", "--target-ratio", "7.5", "--prune", "0.25"])
    #expect(pruned[1].recipe.pruneFraction == 0.25)
    // What is said twice is done once.
    #expect(try entries("float,float", "max", "plain,plain,6.0,6", "0,0").map(\.name) == ["float"])
    #expect(Set(try entries("float,int8", "fast,default,max", "plain,6", "0,0.5").map(\.name)).count == 10)
  }

  @Test(arguments: [
    ("flaot", "fast", "plain", "0", "--precisions flaot"), ("int8", "", "plain", "0", "--efforts"),
    ("int8", "fast", "6,,8", "0", "--ratios 6,,8"), ("int8", "fast", "1", "0", "--ratios 1"),
    ("int8", "fast", "inf", "0", "--ratios inf"), ("int8", "fast", "plain", "1", "--prunes 1"),
    ("int8", "fast", "plain", "-0.1", "--prunes -0.1"), ("float", "fast", "6", "0", "nothing to compile"),
  ])
  func refusesWhatIsNoList(precisions: String, efforts: String, ratios: String, prunes: String, message: String) {
    let refusal = #expect(throws: Refusal.self) { try entries(precisions, efforts, ratios, prunes) }
    #expect(refusal?.kind == .usage && refusal?.description.contains(message) == true, "\(refusal?.reason ?? "")")
  }

  @Test func recordsComeBackAsTheyWere() throws {
    let identity = try SweepIdentity(
      JSONNode(
        ["dermc": "0", "model": "a", "calibration": "b", "evaluation": "", "settings": "c"] as JSON, name: "sweep"))
    let entry = try entries()[3]
    let latency = SweepReport.Latency(
      compiled: .init(best: 0.001, median: 0.0012), float: .init(best: 0.003, median: 0.0031),
      instructionSet: "avx2")
    let written = SweepRecord(
      identity, entry,
      .bundle(sha256: "d", report: "e", cost: Estimate(0.1, low: 0.05, high: 0.2), latency: latency))
    let read = try SweepRecord(JSONNode(JSON(parsing: written.json.prettyBytes()), name: "record"))
    #expect(read.identity == identity && read.name == "ratio-6" && read.recipe == entry.recipe)
    #expect(read.options == entry.options && read.json == written.json)
    guard case .bundle(let sha256, let report, let cost, let timed) = read.outcome else {
      Issue.record("\(read.outcome)")
      return
    }
    #expect(sha256 == "d" && report == "e" && cost == Estimate(0.1, low: 0.05, high: 0.2) && timed == latency)
    let far = SweepRecord(identity, entry, .outOfReach("no"))
    #expect(try SweepRecord(JSONNode(far.json, name: "record")).json == far.json)
    #expect(far.json["out_of_reach"] == "no" && far.json["bundle_sha256"] == nil)
  }

  @Test func differencesAreNamed() throws {
    func identity(_ changed: String? = nil) throws -> SweepIdentity {
      var members: JSONObject = [:]
      for key in ["dermc", "model", "calibration", "evaluation", "settings"] {
        members[key] = .string(key == changed ? "other" : "same")
      }
      return try SweepIdentity(JSONNode(.object(members), name: "sweep"))
    }
    #expect(try identity().difference(from: identity()) == nil)
    for (key, words) in [
      ("dermc", "by dermc other"), ("model", "of another model"), ("calibration", "other calibration data"),
      ("evaluation", "other evaluation data"), ("settings", "other options"),
    ] {
      #expect(try identity().difference(from: identity(key))?.contains(words) == true)
    }
  }
}
