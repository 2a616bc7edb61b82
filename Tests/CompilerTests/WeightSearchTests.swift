import Quantization
import Reports
import Testing

@testable import Compiler

@Suite struct WeightSearchTests {
  private func names(_ rounding: WeightRounding.Method?, _ biases: BiasMethod?, isJudged: Bool = true) -> [[String]] {
    var recipe = Recipe()
    recipe.rounding = rounding
    recipe.biases = biases
    return WeightSearch.candidates(recipe, isJudged: isJudged).map(\.names)
  }

  /// The plain way against the one that makes up for most, within what was asked for.
  @Test func candidatesAreWhatTheRecipeLeavesOpen() {
    #expect(names(nil, nil) == [["nearest", "weights"], ["compensated", "network"]])
    #expect(names(.nearest, nil) == [["nearest", "weights"], ["nearest", "network"]])
    #expect(names(nil, .weights) == [["nearest", "weights"], ["compensated", "weights"]])
    #expect(names(.compensated, .network) == [["compensated", "network"]])
  }

  /// What nobody judges is not tried, and what was asked for is done all the same.
  @Test func withoutJudgeNothingIsTried() {
    #expect(names(nil, nil, isJudged: false) == [["nearest", "weights"]])
    #expect(names(.compensated, nil, isJudged: false) == [["compensated", "weights"]])
  }
}
