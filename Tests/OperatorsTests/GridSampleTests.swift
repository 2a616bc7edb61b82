import IR
import Operators
import Tensors
import Testing

/// GridSample by what its definition says of single places.
@Suite struct GridSampleTests {
  private let image = Tensor([Float(0), 1, 2, 10, 11, 12], shape: [1, 1, 2, 3])

  private func sample(_ op: GridSample, _ places: [Float]) throws -> [Float] {
    let grid = Tensor(places, shape: [1, 1, places.count / 2, 2])
    return try compute(op, [image, grid])[0].elements(as: Float.self)
  }

  @Test func cornersAndCentre() throws {
    for mode in GridSample.Mode.allCases where mode != .cubic {
      let op = GridSample(mode: mode, alignsCorners: true)
      #expect(try sample(op, [-1, -1, 1, -1, -1, 1, 1, 1]) == [0, 2, 10, 12])
    }
    #expect(try sample(GridSample(alignsCorners: true), [0, 0]) == [6])
    // Half a pixel beyond the centre of the first pixel lies the edge: a quarter of it is inside.
    #expect(try sample(GridSample(), [1, 1]) == [3])
  }

  @Test func paddings() throws {
    let beyond: [Float] = [3, -1, -1.5, 1]
    #expect(try sample(GridSample(mode: .nearest, alignsCorners: true), beyond) == [0, 10])
    #expect(try sample(GridSample(mode: .nearest, padding: .border, alignsCorners: true), beyond) == [2, 10])
    #expect(try sample(GridSample(padding: .reflection, alignsCorners: true), [3, -1, -1.5, 1]) == [0, 10.5])
    for padding in GridSample.Padding.allCases {
      let wild = try sample(GridSample(mode: .cubic, padding: padding), [.nan, .infinity, -.infinity, 1e30])
      #expect(wild.count == 2)
    }
  }

  /// Cubic convolution reproduces quadratic functions inside the image only; straight lines are enough here.
  @Test func cubicFollowsLines() throws {
    let line = Tensor((0..<25).map { Float($0 % 5) }, shape: [1, 1, 5, 5])
    let grid = Tensor([Float(0.25), 0, -0.1, 0.3], shape: [1, 1, 2, 2])
    let op = GridSample(mode: .cubic, alignsCorners: true)
    let values = try compute(op, [line, grid])[0].elements(as: Float.self)
    for (value, expected) in zip(values, [Float(2.5), 1.8]) { #expect(abs(value - expected) < 0.1) }
  }

  @Test func refusesWhatItCannotDo() {
    let grid = operand(.float32, 2, 1, 1, 2)
    #expect(refusal(GridSample(), [operand(.float32, 1, 1, 2, 3), grid])?.contains("expected [1, height") == true)
    let flat = operand(.float32, 1, 2, 3)
    #expect(refusal(GridSample(), [flat, grid]) == "x has shape [1, 2, 3], expected 4 dimensions")
  }
}
