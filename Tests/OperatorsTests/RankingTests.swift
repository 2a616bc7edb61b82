import IR
import Operators
import Tensors
import Testing

/// TopK against sorting.
@Suite struct RankingTests {
  @Test(arguments: [0, 1, 2], [true, false]) func equalsSorting(axis: Int, largest: Bool) throws {
    // Few different numbers, so that many are equal.
    let x = Tensor((0..<60).map { Float($0 * 7 % 11) }, shape: [3, 4, 5])
    let strides = [20, 5, 1]
    for count in 1...x.shape[axis] {
      let results = try compute(TopK(count: count, axis: axis, largest: largest), [x])
      var shape = x.shape
      shape[axis] = count
      #expect(results[0].shape == shape && results[1].shape == shape)
      let (numbers, indices) = (results[0].elements(as: Float.self), results[1].elements(as: Int64.self))
      let target = Layout.rowMajor.strides(of: shape)
      let others = (0..<3).filter { $0 != axis }
      for i in 0..<x.shape[others[0]] {
        for j in 0..<x.shape[others[1]] {
          let row = (0..<x.shape[axis]).map { index -> (Int, Float) in
            let place = i * strides[others[0]] + j * strides[others[1]] + index * strides[axis]
            return (index, x.elements(as: Float.self)[place])
          }
          let sorted = row.sorted { a, b in a.1 == b.1 ? a.0 < b.0 : (a.1 > b.1) == largest }
          for rank in 0..<count {
            let place = i * target[others[0]] + j * target[others[1]] + rank * target[axis]
            #expect(Int(indices[place]) == sorted[rank].0)
            #expect(numbers[place] == sorted[rank].1)
          }
        }
      }
    }
  }

  @Test func takesIntegersAndNaN() throws {
    let integers = try compute(TopK(count: 2), [Tensor([Int64(3), .max, .min])])
    #expect(integers[0].elements(as: Int64.self) == [.max, 3])
    let numbers = Tensor([Float(1), .nan, 2])
    #expect(try compute(TopK(count: 2), [numbers])[1].elements(as: Int64.self) == [1, 2])
    #expect(try compute(TopK(count: 2, largest: false), [numbers])[1].elements(as: Int64.self) == [1, 0])
  }

  @Test func refusesWhatItCannotDo() {
    #expect(refusal(TopK(count: 3), [operand(.float32, 2)]) == "k is 3, dimension 0 of [2] has fewer")
    #expect(refusal(TopK(count: 1), [operand(.bool, 2)]) == "x is bool, expected float32, int32, int64 or uint64")
    #expect(attributeError("TopK", ["k": .int(-1)]) == "k is -1, expected a number of elements")
  }
}
