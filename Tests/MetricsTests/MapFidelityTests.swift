import Testing

@testable import Metrics

@Suite struct MapFidelityTests {
  private func comparison(
    _ a: [Float], _ b: [Float], _ height: Int, _ width: Int, aspect: Double = 1
  ) -> MapComparison {
    MapComparison(float: a, compiled: b, height: height, width: width, aspect: aspect)
  }

  /// `scipy.stats.spearmanr`, with equal numbers in both.
  @Test func ranksAreCorrelatedAsSciPyDoes() {
    let a: [Float] = [0, 0, 1, 3, 2, 2, 5, 0.5, 4]
    let found = comparison(a, [0, 1, 1, 2, 3, 2, 4, 0, 5], 3, 3)
    #expect(abs(found.correlation - 0.8893697544027211) < 1e-12)
    // The two largest of nine are the same places.
    #expect(found.overlap == 1 && found.found == .both)
    // One place of each is another's.
    #expect(comparison(a, [9, 1, 1, 2, 3, 2, 4, 0, 5], 3, 3).overlap == 1.0 / 3)
  }

  @Test func orderAndNothingElseCountsForRanks() throws {
    let a: [Float] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    let same = comparison(a, a.map { $0 * $0 }, 2, 5)
    #expect(same.correlation == 1 && same.overlap == 1)
    #expect(try #require(same.shift) > 0)
    #expect(comparison(a, a.reversed(), 2, 5).correlation == -1)
    #expect(comparison(a, a.reversed(), 2, 5).overlap == 0)
  }

  @Test func shiftIsAShareOfTheDiagonal() throws {
    // From the left to the right half of an image twice as wide as high.
    let moved = try #require(comparison([1, 0], [0, 1], 1, 2, aspect: 2).shift)
    #expect(abs(moved - 1 / 5.0.squareRoot()) < 1e-12)
    let corner = try #require(comparison([1, 0, 0, 0], [0, 0, 0, 1], 2, 2).shift)
    #expect(abs(corner - 0.5) < 1e-12)
  }

  @Test func emptyMapsAreToldApart() {
    let (empty, full): ([Float], [Float]) = ([0, 0, -0.0, 0], [0, 1, 0, 2])
    #expect(
      comparison(full, empty, 2, 2) == MapComparison(found: .onlyFloat, correlation: 0, overlap: 0, shift: nil))
    #expect(comparison(empty, full, 2, 2).found == .onlyCompiled)
    #expect(comparison(empty, empty, 2, 2).found == .neither)
    // A map that is the same everywhere orders nothing.
    #expect(comparison([1, 1, 1, 1], [2, 2, 2, 2], 2, 2).correlation == 1)
    #expect(comparison([1, 1, 1, 1], full, 2, 2).correlation == 0)
  }

  @Test func imagesWithoutMapsAreCountedAndLostOnesCount() throws {
    func both(_ correlation: Double, _ overlap: Double, _ shift: Double) -> MapComparison {
      MapComparison(found: .both, correlation: correlation, overlap: overlap, shift: shift)
    }
    let lost = MapComparison(found: .onlyFloat, correlation: 0, overlap: 0, shift: nil)
    let neither = MapComparison(found: .neither, correlation: 0, overlap: 0, shift: nil)
    let figures = MapFidelity([both(0.9, 0.6, 0.1), both(0.5, 0.4, 0.3), lost, neither], groups: nil)
    #expect(figures.images == 3)
    #expect(figures.counts == [.both: 2, .onlyFloat: 1, .neither: 1])
    #expect(abs(try #require(figures.means[.correlation]).value - 1.4 / 3) < 1e-12)
    #expect(figures.medians[.correlation]?.value == 0.5 && figures.medians[.overlap]?.value == 0.4)
    // Of two numbers the middle of both; images without a centre have none that moves.
    #expect(abs(try #require(figures.medians[.shift]).value - 0.2) < 1e-12)
    let mean = try #require(figures.means[.overlap])
    #expect(try #require(mean.low) < mean.value && mean.value < #require(mean.high))
    #expect(MapFidelity([neither], groups: nil).means.isEmpty)
  }

  @Test func oneImageAndOneGroupTellLittle() throws {
    let image = MapComparison(found: .both, correlation: 0.9, overlap: 0.8, shift: 0.1)
    let one = try #require(MapFidelity([image], groups: nil).means[.correlation])
    #expect(one.low == -1 && one.high == 1)
    // Ten images of one lesion are no more than one.
    let same = MapFidelity(
      Array(repeating: image, count: 10), groups: SampleGroups("lesion_id", of: Array(repeating: "a", count: 10)))
    #expect(same.means[.overlap]?.low == 0 && same.means[.overlap]?.high == 1)
    let apart = try #require(MapFidelity(Array(repeating: image, count: 10), groups: nil).means[.overlap])
    #expect(abs(try #require(apart.low) - 0.5) < 1e-12)
  }
}
