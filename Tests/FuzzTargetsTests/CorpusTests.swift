import FuzzTargets
import Testing

private let root = String(#filePath.dropLast("/Tests/FuzzTargetsTests/CorpusTests.swift".count))

/// What the fuzzer found, and a sample of what it made: each is read and used, and nothing ends the process.
@Suite(.serialized) struct CorpusTests {
  @Test(arguments: FuzzTargets.all.map { $0.name })
  func storedInputsAreReadOrRefused(name: String) throws {
    let target = try #require(FuzzTargets.all.first { $0.name == name })
    let inputs = try contents(of: "\(root)/fixtures/fuzz/\(name)", ending: "")
    #expect(inputs.count > 5)
    for input in inputs { target.run(input) }
  }

  /// A little fuzzing without counters, the same each time.
  @Test(arguments: FuzzTargets.all.map { $0.name })
  func changedInputsAreReadOrRefused(name: String) throws {
    let target = try #require(FuzzTargets.all.first { $0.name == name })
    var dice = Dice(seed: 1)
    let seeds = try target.seeds(root: root)
    #expect(seeds.count > 1)
    for round in 0..<200 {
      var input = seeds[round * seeds.count / 200]
      for _ in 0...dice.roll(3) { input = target.mutated(input, &dice) ?? input }
      target.run(input)
    }
  }
}
