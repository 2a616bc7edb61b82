import Metrics
import Testing

@testable import Reports

struct FiguresTests {
  @Test(arguments: [
    (0.5, 0, "1"), (2.345, 2, "2.35"), (-0.04, 1, "0.0"), (-1.25, 1, "−1.3"), (0.05, 2, "0.05"), (1e20, 1, "1e+20"),
    (.nan, 1, "–"), (12, 3, "12.000"),
  ])
  func roundsDecimals(_ x: Double, _ places: Int, _ text: String) {
    #expect(Figures.decimal(x, places) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (299_529_216, "299,529,216"), (-1234, "−1,234"),
    (Int.min, "−9,223,372,036,854,775,808"),
  ])
  func groupsDigits(_ n: Int, _ text: String) {
    #expect(Figures.grouped(n) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"), (2_314_159, "2.31 MB"),
    (94_000_000, "94.0 MB"), (3_000_000_000_000_000, "3000 TB"),
  ])
  func writesSizes(_ n: Int, _ text: String) {
    #expect(Figures.bytes(n) == text)
  }

  @Test func writesChanges() {
    #expect(Figures.points(Estimate(-0.0048, low: -0.019, high: 0.009)) == "−0.5 pp (−1.9 … +0.9)")
    #expect(Figures.points(Estimate(0.0001)) == "0.0 pp")
    #expect(Figures.points(Estimate(0.01, low: 0.01, high: 0.01)) == "+1.0 pp")
    #expect(Figures.points(nil) == "–")
    #expect(Figures.percent(Estimate(0.974, low: 0.95, high: 1)) == "97.4 % (95.0 … 100.0)")
    #expect(Figures.factor(9_137_004, 2_150_300) == "4.2×")
    #expect(Figures.factor(1, 0) == "–")
  }

  @Test func alignsTables() {
    var table = TextTable([("layer", .left), ("MACs", .right)])
    table.add(["a", "1,000"])
    table.add(["longer"])
    table.addTotal(["total", "1,000"])
    #expect(
      table.lines(indent: 1) == [
        " layer    MACs", " ─────────────", " a       1,000", " longer", " ─────────────", " total   1,000",
      ])
  }
}
