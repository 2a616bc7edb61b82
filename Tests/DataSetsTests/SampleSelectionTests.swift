import DataSets
import Testing

@Suite struct SampleSelectionTests {
  @Test func allWhereNoneAreToBeLeftOut() {
    #expect(SampleSelection.choose(nil, of: 4, seed: 9) == [0, 1, 2, 3])
    #expect(SampleSelection.choose(4, of: 4, seed: 9) == [0, 1, 2, 3])
    #expect(SampleSelection.choose(9, of: 4, seed: 9) == [0, 1, 2, 3])
    #expect(SampleSelection.choose(0, of: 4, seed: 9) == [] && SampleSelection.choose(-1, of: 4, seed: 9) == [])
    #expect(SampleSelection.choose(3, of: 0, seed: 9) == [])
  }

  @Test func choicesAreRisingAndTheSameForASeed() {
    for count in [1, 7, 99] {
      let chosen = SampleSelection.choose(count, of: 100, seed: 5)
      #expect(chosen.count == count && Set(chosen).count == count && chosen.sorted() == chosen)
      #expect(chosen.allSatisfy { (0..<100).contains($0) })
      #expect(SampleSelection.choose(count, of: 100, seed: 5) == chosen)
      #expect(SampleSelection.choose(count, of: 100, seed: 6) != chosen)
    }
    // A report names the seed, and whoever repeats it must get these samples on any machine.
    #expect(SampleSelection.choose(5, of: 1000, seed: 0) == chosenByDefinition(5, of: 1000, seed: 0))
    #expect(SampleSelection.choose(30, of: 31, seed: .max) == chosenByDefinition(30, of: 31, seed: .max))
  }

  /// Numbers are as often in a choice as others: 2000 choices of a quarter, within five standard deviations.
  @Test func choicesAreEven() {
    var counts = [Int](repeating: 0, count: 20)
    for seed in 0..<2000 { for number in SampleSelection.choose(5, of: 20, seed: UInt64(seed)) { counts[number] += 1 } }
    #expect(counts.allSatisfy { abs($0 - 500) < 5 * 20 }, "\(counts)")
  }

  /// Takes one number after the other out of those that are left, by SplitMix64.
  private func chosenByDefinition(_ count: Int, of total: Int, seed: UInt64) -> [Int] {
    var numbers = Array(0..<total)
    var state = seed
    for index in 0..<count {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      z ^= z >> 31
      numbers.swapAt(index, index + Int(z % UInt64(total - index)))
    }
    return numbers.prefix(count).sorted()
  }
}
