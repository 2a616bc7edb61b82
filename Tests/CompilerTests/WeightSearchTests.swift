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

  /// The way that makes up for most against the plain one, within what was asked for.
  @Test func candidatesAreWhatTheRecipeLeavesOpen() {
    #expect(names(nil, nil) == [["compensated", "network"], ["nearest", "weights"]])
    #expect(names(.nearest, nil) == [["nearest", "network"], ["nearest", "weights"]])
    #expect(names(nil, .weights) == [["compensated", "weights"], ["nearest", "weights"]])
    #expect(names(.compensated, .network) == [["compensated", "network"]])
  }

  /// What nobody judges is not tried, and what was asked for is done all the same.
  @Test func withoutJudgeNothingIsTried() {
    #expect(names(nil, nil, isJudged: false) == [["nearest", "weights"]])
    #expect(names(.compensated, nil, isJudged: false) == [["compensated", "weights"]])
  }
}
