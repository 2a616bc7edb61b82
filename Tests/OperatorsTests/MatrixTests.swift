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

  @Test func refusesMatMul() {
    #expect(
      refusal(MatMul(), [float32(2, 3), float32(2, 3)]) == "a has shape [2, 3], b [2, 3]: 3 columns do not meet 2 rows")
    #expect(refusal(MatMul(), [float32(2, 2, 3), float32(3, 3, 1)]) == "shapes [2] and [3] do not broadcast")
    #expect(refusal(MatMul(), [float32(), float32(2)]) == "a has shape [], b [2]: scalars have no matrix product")
  }
}
