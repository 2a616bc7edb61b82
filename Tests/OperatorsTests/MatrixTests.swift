import IR
import Math
import Operators
import Tensors
import Testing

struct MatrixTests {
  @Test(arguments: [[1, 3], [2, 3], [2, 5, 3], [3]], [true, false])
  func multipliesWithWeights(_ shape: [Int], _ transB: Bool) throws {
    let x = noise(shape)
    let w = noise(transB ? [4, 3] : [3, 4], seed: 2)
    let b = noise([4], seed: 3)
    let y = try compute(Gemm(transB: transB, activation: .relu), [x, w, b], constants: [1, 2])[0]
    let expected = tensor(shape.dropLast() + [4]) { index in
      let column = index[index.count - 1]
      var sum = Double(b.at([column]))
      for k in 0..<3 {
        let weight = w.at(transB ? [column, k] : [k, column])
        sum += Double(x.at(Array(index.dropLast()) + [k])) * Double(weight)
      }
      return Float(max(0, sum))
    }
    #expect(y.shape == expected.shape)
    expectClose(y.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-6)
  }

  @Test func repeatsAScalarBias() throws {
    let y = try floats(Gemm(), [counting([1, 2]), counting([2, 2]), Tensor(scalar: Float(10))], constants: [1, 2])
    #expect(y == [11, 13])
  }

  @Test func refusesGemm() throws {
    #expect(
      refusal(Gemm(), [float32(1, 3), float32(4, 5)])
        == "x has shape [1, 3], weights [4, 5] expect 5 in its last dimension")
    #expect(refusal(Gemm(), [float32(1, 3), float32(4, 3), float32(3)]) == "bias has shape [3], expected [4]")
    #expect(refusal(Gemm(), [float32(1, 3), float32(3)]) == "weights have shape [3], expected 2 dimensions")
    #expect(throws: Refusal.self) { try compute(Gemm(), [counting([1, 3]), counting([4, 3])]) }
    #expect(Gemm().work([float32(2, 3), float32(4, 3)], [TensorType(.float32, [2, 4])]).macs == 24)
  }

  @Test(arguments: [
    ([2, 3], [3, 4]), ([3], [3]), ([2, 3], [3]), ([3], [3, 2]), ([2, 2, 3], [3, 4]), ([2, 1, 4, 3], [5, 3, 2]),
    ([5, 2, 3], [2, 5, 3, 1]),
  ])
  func broadcasts(_ left: [Int], _ right: [Int]) throws {
    let a = noise(left)
    let b = noise(right, seed: 5)
    let dynamic = try compute(MatMul(), [a, b])[0]
    let constant = try compute(MatMul(), [a, b], constants: [1])[0]
    let inner = left[left.count - 1]
    let expected = tensor(dynamic.shape) { index in
      var rest = index
      let column = right.count == 1 ? 0 : rest.removeLast()
      let row = left.count == 1 ? 0 : rest.removeLast()
      func source(_ shape: [Int], _ i: Int, _ j: Int, vector: Int) -> [Int] {
        if shape.count == 1 { return [vector] }
        let batch = shape.dropLast(2)
        return zip(batch, rest.suffix(batch.count)).map { $0 == 1 ? 0 : $1 } + [i, j]
      }
      var sum = 0.0
      for k in 0..<inner {
        sum += Double(a.at(source(left, row, k, vector: k))) * Double(b.at(source(right, k, column, vector: k)))
      }
      return Float(sum)
    }
    expectClose(dynamic.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-6)
    expectClose(constant.elements(as: Float.self), expected.elements(as: Float.self), tolerance: 1e-6)
    #expect(constant.shape == dynamic.shape)
  }

  /// Enough rows to be packed: each output is one chain of fused multiply-adds, whatever the number of threads; many
  /// pairs, few pairs in ranges of rows, broadcast ones, some columns and depths that fill no vector.
  @Test(
    arguments: [
      ([2, 3, 7, 64], [2, 3, 64, 19]), ([131, 33], [1, 33, 50]), ([3, 1, 5, 8], [4, 8, 1]), ([1, 4, 1], [2, 1, 3]),
    ], [1, 0.3] as [Float])
  func packedProductsAreFused(shapes: ([Int], [Int]), alpha: Float) throws {
    let (left, right) = shapes
    let (a, b) = (noise(left), noise(right, seed: 5))
    let y = try compute(MatMul(alpha: alpha), [a, b])[0]
    let expected = tensor(y.shape) { index in
      func source(_ shape: [Int], _ i: Int, _ j: Int) -> [Int] {
        let batch = shape.dropLast(2)
        return zip(batch, index.dropLast(2).suffix(batch.count)).map { $0 == 1 ? 0 : $1 } + [i, j]
      }
      var sum: Float = 0
      for k in 0..<left[left.count - 1] {
        sum.addProduct(
          a.at(source(left, index[index.count - 2], k)), b.at(source(right, k, index[index.count - 1])))
      }
      return sum * alpha
    }
    #expect(y.isIdentical(to: expected))
  }

  @Test func alphaMultipliesSums() throws {
    let (a, b) = (noise([2, 4, 3]), noise([3, 5], seed: 5))
    let plain = try floats(MatMul(), [a, b])
    #expect(try floats(MatMul(alpha: 0.3), [a, b]) == plain.map { $0 * 0.3 })
    // Weights that are constant are no other product.
    #expect(try compute(MatMul(alpha: 0.3), [a, b], constants: [1])[0].elements(as: Float.self).count == plain.count)
    #expect(MatMul(alpha: 2).attributes.count == 1 && MatMul().attributes.isEmpty)
  }

  /// Integers of all sizes, -128 among them.
  private func integers(_ shape: [Int], seed: UInt64) -> [Int8] {
    noise(shape, seed: seed).elements(as: Float.self).map { Int8(max(-128, min(127, ($0 * 140).rounded()))) }
  }

  /// The formula of `MatMulInt8` once more; many pairs, few pairs in ranges of rows, broadcast ones.
  @Test(arguments: [
    ([5, 7], [7, 9]), ([2, 3, 5, 4], [2, 3, 4, 6]), ([3, 5, 4], [4, 1]), ([2, 1, 4, 33], [3, 33, 17]),
    ([197, 64], [64, 197]), ([2, 130, 5], [2, 5, 3]), ([9, 4, 1], [9, 1, 4]),
  ])
  func multipliesIntegers(_ left: [Int], _ right: [Int]) throws {
    let (a, b) = (integers(left, seed: 3), integers(right, seed: 4))
    let output = Int8Output(Quantization(scale: 0.5, zeroPoint: 7), clamp: (-20, 25))
    let x = quantized(a, left, scale: 0.013, zeroPoint: -17)
    let y = quantized(b, right, scale: 0.021, zeroPoint: 0)
    let real = try compute(MatMulInt8(alpha: 0.7, output: nil), [x, y])[0]
    let rounded = try compute(MatMulInt8(alpha: 0.7, output: output), [x, y])[0]
    #expect(rounded.type.quantization == output.quantization && rounded.shape == real.shape)
    let inner = left[left.count - 1]
    // Small integers are exact in float32, so their product is the float operator's.
    let sums = try floats(
      MatMul(),
      [
        Tensor(a.map { Float($0) + 17 }, shape: left), Tensor(b.map { max(-127, Float($0)) }, shape: right),
      ])
    #expect(255 * 127 * inner < 1 << 24, "sums are not exact")
    let scale = Double(Float(0.7)) * Double(Float(0.013)) * Double(Float(0.021))
    #expect(real.elements(as: Float.self) == sums.map { $0 * Float(scale) })
    let expected = sums.map { sum in
      let q = (sum * Float(scale / 0.5)).rounded(.toNearestOrEven) + 7
      return Int8(max(Float(output.lower), min(Float(output.upper), q)))
    }
    #expect(rounded.elements(as: Int8.self) == expected)
    #expect(Set(expected).count > min(3, expected.count / 2), "the values say too little")
  }

  /// A function is a table of the requantized sums.
  @Test func functionsOfProducts() throws {
    let (a, b) = (integers([6, 5], seed: 8), integers([5, 7], seed: 9))
    let x = quantized(a, [6, 5], scale: 0.013, zeroPoint: -17)
    let y = quantized(b, [5, 7], scale: 0.021, zeroPoint: 0)
    let inner = Quantization(scale: 0.07, zeroPoint: 3)
    let result = Quantization(scale: 0.01, zeroPoint: -20)
    let sums = try compute(MatMulInt8(output: Int8Output(inner)), [x, y])[0].elements(as: Int8.self)
    let both = try compute(MatMulInt8(output: Int8Output(result, function: .tanh, of: inner)), [x, y])[0]
    #expect(both.elements(as: Int8.self) == sums.map { Int8(result.quantize(UnaryFunction.tanh(inner.real(Int($0))))) })
  }

  @Test func refusesMatMulInt8() {
    func int8(_ shape: [Int], _ zeroPoint: Int = 0) -> Operand {
      Operand(TensorType(.int8, shape, quantization: Quantization(scale: 1, zeroPoint: zeroPoint)))
    }
    let op = MatMulInt8(output: nil)
    #expect(refusal(op, [int8([2, 3], 5), int8([3, 4], 1)]) == "b has the zero point 1, expected 0")
    #expect(refusal(op, [int8([3]), int8([3, 4])]) == "a has shape [3], b [3, 4], expected matrices")
    #expect(
      refusal(op, [int8([2, 3]), int8([2, 4])]) == "a has shape [2, 3], b [2, 4]: 3 columns do not meet 2 rows")
    #expect(
      refusal(op, [int8([1, 66_312]), int8([66_312, 1])]) == "sums have 66312 products, expected 1 to 66311")
    #expect(refusal(op, [int8([2, 0]), int8([0, 4])]) == "sums have 0 products, expected 1 to 66311")
    #expect(op.work([int8([2, 3]), int8([3, 4])], [TensorType(.float32, [2, 4])]).macs == 24)
  }

  @Test func refusesMatMul() {
    #expect(
      refusal(MatMul(), [float32(2, 3), float32(2, 3)]) == "a has shape [2, 3], b [2, 3]: 3 columns do not meet 2 rows")
    #expect(refusal(MatMul(), [float32(2, 2, 3), float32(3, 3, 1)]) == "shapes [2] and [3] do not broadcast")
    #expect(refusal(MatMul(), [float32(), float32(2)]) == "a has shape [], b [2]: scalars have no matrix product")
  }
}
