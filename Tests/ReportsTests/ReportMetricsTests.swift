import CanonicalJSON
import Testing

@testable import Reports

/// The figures as `--metrics` writes them.
struct ReportMetricsTests {
  /// The paths of all numbers, as those who flatten objects with dots name them; anything else is an issue.
  private func numbers(_ node: JSONNode, _ path: String = "") throws -> [String: Double] {
    var all: [String: Double] = [:]
    for (key, member) in try node.members() {
      if case .object = member.value {
        for (path, value) in try numbers(member, "\(path)\(key).") { all[path] = value }
      } else {
        all["\(path)\(key)"] = try member.double()
      }
    }
    return all
  }

  @Test func everyFigureHasAPath() throws {
    let figures = try numbers(JSONNode(sampleReport().metrics, name: "metrics"))
    #expect(figures["bundle_bytes"] == 2_150_300 && figures["macs"] == 299_529_216)
    #expect(figures["compiled.recall.mel"] == 0.75 && figures["float.recall.mel"] == 0.7833)
    #expect(figures["change.recall.mel"] == -0.0333 && figures["compiled.class_auc.nv"] == 0.97)
    #expect(figures["compiled.top1"] == 0.819 && figures["agreement"] == 0.9762 && figures["kl"] == 0.00066)
    var binary = sampleReport()
    binary.accuracy = binaryAccuracy()
    #expect(try numbers(JSONNode(binary.metrics, name: "metrics"))["compiled.binary.sensitivity"] != nil)
    // What is not known has no place.
    var bare = sampleReport()
    bare.accuracy = nil
    let few = try numbers(JSONNode(bare.metrics, name: "metrics"))
    #expect(Set(few.keys) == ["bundle_bytes", "ratio", "parameters", "macs", "memory_bytes", "float_layers"])
  }
}
