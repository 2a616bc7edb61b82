import Testing

@testable import Quantization

@Suite struct StepGridTests {
  @Test func anOctaveHasEqualParts() {
    let steps = (0...8).map { 0.25 * (1 + Float($0) / 8) }
    for (lower, upper) in zip(steps, steps.dropFirst()) {
      #expect(StepGrid.coarse.above(lower) == lower && StepGrid.coarse.nearest(lower) == lower)
      #expect(StepGrid.coarse.above(lower.nextUp) == upper)
      let middle = (lower + upper) / 2
      #expect(StepGrid.coarse.nearest(middle.nextDown) == lower && StepGrid.coarse.nearest(middle) == upper)
    }
  }

  @Test func whatIsRaisedIsRaisedByLittle() {
    var number: Float = 1e-30
    while number < 1e30 {
      for grid in [StepGrid.coarse, .fine] {
        let raised = grid.above(number)
        #expect(raised >= number && raised <= number * (1 + 1 / Float(grid.parts)))
        #expect(abs(grid.nearest(number) - number) <= number / Float(2 * grid.parts))
      }
      number *= 1.37
    }
  }

  @Test func theEndsAreOnTheGrid() {
    for grid in [StepGrid.coarse, .fine] {
      for number in [Float.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude] {
        for result in [grid.above(number), grid.nearest(number)] {
          #expect(result > 0 && result.isFinite && grid.above(result) == result && grid.nearest(result) == result)
        }
      }
    }
  }
}
