import IR
import Tensors
import Testing

@testable import Compiler
@testable import Quantization

/// Which nodes stay float so that a limit holds.
@Suite struct PrecisionSearchTests {
  /// Nodes of one size, the first of them with the largest gain.
  private let units = (0..<40).map { unit($0, gain: 1 / Double(1 + $0)) }

  private static func unit(_ id: Int, gain: Double, weights: Int = 100) -> PrecisionUnit {
    PrecisionUnit(node: NodeID(id), gain: gain, weights: weights, macs: 1000, elements: 10)
  }

  /// What the nodes that are left lose, times what is foretold too little or too much.
  private func search(
    _ units: [PrecisionUnit], limit: Double, isQuadratic: Bool = true, factor: Double = 2,
    of gain: @escaping (PrecisionUnit) -> Double = { $0.gain }
  ) -> PrecisionSearch<Int> {
    PrecisionSearch(units, limit: limit, isQuadratic: isQuadratic) { kept in
      let left = units.filter { !kept.contains($0) }.reduce(0) { $0 + gain($1) }
      return (kept.count, factor * (isQuadratic ? left : left.squareRoot()))
    }
  }

  @Test(arguments: [0.3, 1, 2], [true, false])
  func keepsAsFewAsItTakes(factor: Double, isQuadratic: Bool) throws {
    let all = units.reduce(0) { $0 + $1.gain }
    for share in [0.05, 0.3, 0.7] {
      let limit = factor * (isQuadratic ? share * all : (share * all).squareRoot())
      var search = search(units, limit: limit, isQuadratic: isQuadratic, factor: factor)
      let found = try search.run()
      #expect(found.loss <= limit && found.network == found.kept.count)
      // The most useful, and one fewer would not do.
      #expect(found.kept == Array(units.prefix(found.kept.count)))
      let left = units.dropFirst(found.kept.count - 1).reduce(0) { $0 + $1.gain }
      #expect(factor * (isQuadratic ? left : left.squareRoot()) > limit)
      #expect(search.trials.count <= 16, "\(search.trials.map(\.kept.count))")
    }
  }

  @Test func keepsNothingWhereInt8Does() throws {
    var search = search(units, limit: 1000)
    #expect(try search.run().kept == [] && search.trials.count == 1)
  }

  /// With everything in float nothing is lost.
  @Test func holdsAnyLimit() throws {
    var search = search(units, limit: 0)
    let found = try search.run()
    #expect(found.kept.count == 40 && found.loss == 0)
  }

  /// What gives as much for less comes first, whatever order the nodes are in.
  @Test func prefersWhatTakesLess() throws {
    let dear = (0..<10).map { Self.unit($0, gain: 1, weights: 10_000) }
    let cheap = (10..<20).map { Self.unit($0, gain: 1) }
    var search = search(dear + cheap, limit: 20)
    #expect(try search.run().kept == cheap)
  }

  /// A node that gives back nothing of what was foretold does not stay float.
  @Test func givesBackWhatIsNotNeeded() throws {
    let useless = [units[0].node, units[2].node]
    var search = search(units, limit: 4) { useless.contains($0.node) ? 0 : $0.gain }
    let found = try search.run()
    #expect(found.loss <= 4 && found.kept.count > 2)
    #expect(!found.kept.contains { useless.contains($0.node) })
  }

  /// Losses that do not fall as foretold, nor with every node, end the search all the same.
  @Test func endsWhateverIsMeasured() throws {
    var random = 1
    var search = PrecisionSearch<Int>(units, limit: 0.5, isQuadratic: true) { kept in
      random = random * 1103 % 7919
      return (kept.count, kept.count == 40 ? 0 : Double(random) / 7919)
    }
    let found = try search.run()
    #expect(found.loss <= 0.5 && search.trials.count < 40)
  }
}
