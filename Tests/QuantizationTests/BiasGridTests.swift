import Testing

@testable import Quantization

@Suite struct BiasGridTests {
  @Test(arguments: [
    (0, 1), (1, 1), (3, 1), (4, 2), (9, 2), (15, 2), (16, 4), (27, 4), (960, 16), (1024, 32), (4608, 64),
  ])
  func theUnitIsAtMostTheRootOfTheProducts(products: Int, unit: Int) {
    #expect(BiasGrid.unit(products: products) == Int32(unit))
    #expect(products == 0 || unit * unit <= products && 4 * unit * unit > products)
  }

  @Test func theUnitOfStepsIsTheirMedian() {
    #expect(BiasGrid.unit(steps: []) == 1)
    #expect(BiasGrid.unit(steps: [0.5, 0.9, 0.2]) == 1)
    #expect(BiasGrid.unit(steps: [7.9, 1000, 3]) == 7)
    #expect(BiasGrid.unit(steps: [12, 0.1, 8.5, 0.3, 9]) == 8)
    #expect(BiasGrid.unit(steps: [.nan, .infinity, .infinity]) == 1 << 24)
  }

  @Test func biasesAreNextToWhatTheyWere() {
    for unit: Int32 in [1, 2, 7, 64, 1 << 24] {
      for bias in [0, 0.4, -0.6, 3.5, 4.5, -1234.5, 1e6, -99_999_999] {
        let result = BiasGrid.rounded(bias, to: unit)
        #expect(result % unit == 0 && abs(Double(result) - bias) <= Double(unit) / 2)
      }
      for bias in [1e12, -1e12, .infinity] {
        let result = BiasGrid.rounded(bias, to: unit)
        #expect(result % unit == 0 && abs(Int(result)) > Int(Int32.max) - Int(unit) && result != .min)
      }
    }
    #expect(BiasGrid.rounded(-12, to: 8) == -16 && BiasGrid.rounded(12, to: 8) == 16 && BiasGrid.rounded(4, to: 8) == 0)
  }
}
