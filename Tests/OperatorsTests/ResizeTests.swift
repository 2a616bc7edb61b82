import IR
import Math
import Operators
import Tensors
import Testing

struct ResizeTests {
  @Test func takesNearestNeighbours() throws {
    let x = counting([1, 1, 2, 4])
    let twice = Resize(scales: [1, 2])
    #expect(try floats(twice, [x]) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])
    let row = counting([1, 1, 1, 4])
    let half = Resize(sizes: [1, 2])
    // Coordinates 0.5 and 2.5: ties, which prefer the floor.
    #expect(try floats(half, [row]) == [0, 2])
    #expect(try floats(Resize(sizes: [1, 2], rounding: .preferCeil), [row]) == [1, 3])
    #expect(try floats(Resize(sizes: [1, 2], rounding: .ceil), [row]) == [1, 3])
    #expect(try floats(Resize(sizes: [1, 3], transformation: .asymmetric, rounding: .floor), [row]) == [0, 1, 2])
    #expect(try floats(Resize(sizes: [1, 3], transformation: .alignCorners), [row]) == [0, 1, 3])
    let stretched = Resize(sizes: [1, 3], scales: [1, 0.5], transformation: .asymmetric, rounding: .floor)
    #expect(try floats(stretched, [row]) == [0, 2, 3])
  }

  @Test func takesAnyElements() throws {
    let wide = try compute(Resize(scales: [2, 1]), [integers([1, 2], shape: [1, 2, 1, 1])])[0]
    #expect(wide.elements(as: Int64.self) == [1, 1, 2, 2])
    let narrow = quantized([1, 2], [1, 1, 1, 2], scale: 0.5, zeroPoint: 4)
    let z = try compute(Resize(scales: [1, 2]), [narrow])[0]
    #expect(z.elements(as: Int8.self) == [1, 1, 2, 2])
    #expect(z.type.quantization == narrow.type.quantization)
  }

  @Test func interpolates() throws {
    let row = counting([1, 1, 1, 3])
    #expect(try floats(Resize(scales: [1, 2], mode: .linear), [row]) == [0, 0.25, 0.75, 1.25, 1.75, 2])
    let corners = Resize(sizes: [1, 5], mode: .linear, transformation: .alignCorners)
    #expect(try floats(corners, [row]) == [0, 0.5, 1, 1.5, 2])
    let plain = Resize(scales: [1, 2], mode: .linear, transformation: .asymmetric)
    #expect(try floats(plain, [row]) == [0, 0.5, 1, 1.5, 2, 2])
    let one = Resize(sizes: [1, 1], mode: .linear, transformation: .pytorchHalfPixel)
    #expect(try floats(one, [row]) == [0])
    let q = quantized([0, 10, -9], [1, 1, 1, 3], scale: 1, zeroPoint: 0)
    let between = try compute(Resize(sizes: [1, 5], mode: .linear, transformation: .alignCorners), [q])[0]
    #expect(between.elements(as: Int8.self) == [0, 5, 10, 0, -9])
  }

  @Test(arguments: CoordinateTransformation.allCases)
  func interpolatesImages(_ transformation: CoordinateTransformation) throws {
    let x = noise([2, 3, 5, 4])
    let y = try compute(Resize(sizes: [7, 9], mode: .linear, transformation: transformation), [x])[0]
    let expected = tensor([2, 3, 7, 9]) { index in
      func neighbours(_ axis: Int) -> (Int, Int, Double) {
        let (input, output) = (x.shape[axis], y.shape[axis])
        let source = Double(
          transformation.source(index[axis], scale: Float(output) / Float(input), input: input, output: output))
        let inside = max(0, min(Double(input - 1), source))
        return (Int(inside), min(Int(inside) + 1, input - 1), inside - inside.rounded(.down))
      }
      let (top, bottom, down) = neighbours(2)
      let (left, right, across) = neighbours(3)
      func at(_ y: Int, _ z: Int) -> Double { Double(x.at([index[0], index[1], y, z])) }
      let upper = at(top, left) * (1 - across) + at(top, right) * across
      let lower = at(bottom, left) * (1 - across) + at(bottom, right) * across
      return Float(upper * (1 - down) + lower * down)
    }
    expectClose(y.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-6)
  }

  @Test func keepsCornersWhereAligned() {
    let aligned = CoordinateTransformation.alignCorners
    #expect(aligned.source(6, scale: 2, input: 4, output: 7) == 3)
    #expect(CoordinateTransformation.halfPixel.source(0, scale: 2, input: 4, output: 8) == -0.25)
    #expect(CoordinateTransformation.halfPixelSymmetric.source(0, scale: 2, input: 4, output: 8) == -0.25)
    #expect(CoordinateTransformation.tfHalfPixelForNearest.source(0, scale: 2, input: 4, output: 8) == 0.25)
    #expect(CoordinateTransformation.asymmetric.source(3, scale: 2, input: 4, output: 8) == 1.5)
  }

  @Test func refuses() {
    #expect(attributeError("Resize", [:]) == "attribute sizes or scales is missing")
    #expect(attributeError("Resize", ["sizes": .ints([0, 1])]) == "sizes [0, 1]: expected a height and a width")
    #expect(
      attributeError("Resize", ["scales": .floats([.nan, 1])]) == "scales [nan, 1.0]: expected two positive numbers")
    #expect(attributeError("Resize", ["sizes": .ints([1, 1]), "mode": .string("cubic")])?.contains("nearest") == true)
    #expect(
      refusal(Resize(scales: [0.1, 1]), [float32(1, 1, 4, 4)]) == "scales [0.1, 1.0] leave nothing of x [1, 1, 4, 4]")
    #expect(refusal(Resize(sizes: [1 << 30, 1 << 30]), [float32(1, 1, 1, 1)])?.contains("beyond the limits") == true)
    #expect(refusal(Resize(sizes: [1, 1]), [float32(1, 1, 1)]) == "x has shape [1, 1, 1], expected 4 dimensions")
    #expect(
      refusal(Resize(sizes: [1, 1], mode: .linear), [operand(.int64, 1, 1, 1, 1)])
        == "x is int64, linear interpolation takes float32 or int8")
  }
}
