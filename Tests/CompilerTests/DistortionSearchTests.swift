import Quantization
import Tensors
import Testing

@testable import Compiler

/// The number that a target asks for.
@Suite struct DistortionSearchTests {
  private let range = Distortion(code: -8000)...Distortion(code: 2000)

  /// Bits that fall by a half for each octave of the squared step, and never below none.
  private func bits(_ distortion: Distortion) -> Double { Double(2000 - distortion.code) * 100 }

  /// - Parameter surplus: what coding takes more than the estimate
  private func search(surplus: Double = 1.03, cost: ((Distortion) -> Double)? = nil) -> DistortionSearch {
    let bits = bits
    return DistortionSearch(range, bits: bits) { distortion throws(Refusal) in
      .init(distortion: distortion, bytes: Int(bits(distortion) / 8 * surplus) + 3000, cost: cost?(distortion))
    }
  }

  @Test(arguments: [0.9, 1, 1.03, 1.4], [20_000, 40_000, 100_000])
  func findsTheFinestOfASize(surplus: Double, limit: Int) throws {
    var search = search(surplus: surplus)
    let found = try #require(try search.finest(within: limit))
    #expect(found.bytes <= limit && Double(found.bytes) > 0.99 * Double(limit))
    #expect(search.trials.count <= 10)
  }

  @Test func staysAtInt8WhereThatIsSmallEnough() throws {
    var search = search()
    let found = try #require(try search.finest(within: 1_000_000))
    #expect(found.distortion == range.lowerBound && search.trials.count == 1)
  }

  @Test func saysWhenNothingIsSmallEnough() throws {
    var search = search()
    #expect(try search.finest(within: 2999) == nil)
  }

  /// A cost that coarser steps add to what int8 costs already, with some noise.
  @Test(arguments: [0.0011, 0.002, 0.05])
  func findsTheCoarsestOfACost(limit: Double) throws {
    let cost = { (distortion: Distortion) -> Double in
      0.001 + distortion.value * (distortion.code % 3 == 0 ? 1.1 : 0.95)
    }
    var search = search(cost: cost)
    let found = try #require(try search.coarsest(costing: limit))
    #expect(try #require(found.cost) <= limit)
    #expect(cost(Distortion(code: found.distortion.code + 96)) > limit)
    #expect(search.trials.count <= 10)
  }

  @Test func saysWhenInt8AloneCostsMore() throws {
    var search = search { _ in 0.5 }
    #expect(try search.coarsest(costing: 0.4) == nil)
    #expect(search.trials.count == 1)
  }
}
