import IR
import Operators
import Platform
import Synchronization
import Tensors
import Testing
import Threads

/// Random graphs of all operators around convolutions: float against int8, fused against plain, stored against not.
///
/// A failure names its seed and prints the smallest graph found that fails alike. `make property` runs many more:
/// DERMC_PROPERTY_GRAPHS says how many, DERMC_PROPERTY_SEED with which to begin.
@Suite struct RandomGraphTests {
  private static func number(_ variable: String) -> Int? {
    getenv(variable).flatMap { Int(String(cString: $0)) }
  }

  private static let first = number("DERMC_PROPERTY_SEED") ?? 1
  private static let count = number("DERMC_PROPERTY_GRAPHS") ?? usual
  #if DEBUG
  private static let usual = 200
  #else
  private static let usual = 1000
  #endif
  private static let isAsked = number("DERMC_PROPERTY_GRAPHS") != nil

  private struct Tally {
    var operators: Set<String> = []
    var unjudged = 0
    var failures: [String] = []
  }

  /// Checks a seed, and looks for the smallest graph that fails where it does not hold.
  private func check(_ seed: UInt64, in folder: String, _ tally: borrowing Mutex<Tally>) {
    let property = Property(seed: seed, folder: folder)
    let recipe = Recipe(seed: seed)
    switch property.outcome(recipe.graph()) {
    case .holds(let operators): tally.withLock { $0.operators.formUnion(operators) }
    case .unjudged: tally.withLock { $0.unjudged += 1 }
    case .fails(let failure):
      var shrinker = Shrinker(property)
      let least = shrinker.shrink(recipe, failure)
      tally.withLock { $0.failures.append("seed \(seed): \(least.failure)\n\(least.recipe.graph())") }
    }
  }

  @Test func randomGraphsMeanTheSameInAllTheirForms() throws {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/dermc-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
    let folder = try #require(made)
    defer { rmdir(folder) }
    let tally = Mutex(Tally())
    Workers(threads: Workers.processors).run(units: Self.count) { _, range in
      // A defect met again and again is shown a few times.
      for index in range where tally.withLock({ $0.failures.count }) < 12 {
        check(UInt64(Self.first + index), in: folder, tally)
      }
    }
    let result = tally.withLock { $0 }
    if Self.isAsked {
      print("\(Self.count) graphs: \(result.failures.count) failed, \(result.unjudged) not judged")
    }
    for failure in result.failures { Issue.record("\(failure)") }
    #expect(result.unjudged * 20 <= Self.count, "most graphs can be judged")
    // Every operator has been met, in float where it has a float form and in int8 where it has one of those.
    guard Self.count >= 1000, result.failures.isEmpty else { return }
    #expect(OperatorSet.names.filter { !result.operators.contains($0) } == [])
  }

  /// What makes the test worth something: a graph that is wrong is found, and shrunk to what is wrong about it.
  @Test func wrongGraphsAreShrunk() throws {
    let wrong = Property.Failure(claim: "has no softmax", detail: "")
    struct Search {
      let recipe: Recipe
      let least: Recipe
    }
    var found: [Search] = []
    for seed in 1...200 where found.count < 3 {
      let recipe = Recipe(seed: UInt64(seed))
      guard recipe.graph().nodesInOrder().contains(where: { $0.op is Softmax }), recipe.steps.count > 5 else {
        continue
      }
      var shrinker = Shrinker { graph in
        graph.nodesInOrder().contains { $0.op is Softmax } ? wrong : nil
      }
      found.append(Search(recipe: recipe, least: shrinker.shrink(recipe, wrong).recipe))
    }
    #expect(found.count == 3)
    for search in found {
      #expect(search.least.graph().nodeCount == 1, "\(search.least.graph())")
      #expect(search.least.input == [1, 1, 1])
    }
  }
}
