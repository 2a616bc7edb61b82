import IR
import Math
import Operators
import Tensors
import Testing

struct SelectionTests {
  /// The element of a tensor that broadcasting shows at an index of a larger shape.
  private func broadcast(_ x: Tensor, _ index: [Int]) -> Float {
    x.at(zip(x.shape, index.suffix(x.shape.count)).map { $0 == 1 ? 0 : $1 })
  }

  @Test(arguments: [
    ([2, 3, 4, 5], [2, 3, 4, 5]), ([2, 3, 4, 5], [1, 3, 1, 1]), ([3, 1, 1], [2, 1, 4, 5]), ([2, 3, 4, 5], [5]),
    ([2, 1], [1, 3]), ([], [2, 3]),
  ])
  func chooses(_ left: [Int], _ right: [Int]) throws {
    let a = noise(left)
    let b = noise(right, seed: 4)
    for constants in [Set<Int>(), [0], [1], [0, 1]] {
      let holds = try compute(Compare(.less), [a, b], constants: constants)[0]
      let truth = holds.doubles()
      let expected = tensor(holds.shape) { broadcast(a, $0) < broadcast(b, $0) ? 1 : 0 }
      #expect(truth == expected.doubles())
      let smaller = try compute(Where(), [holds, a, b], constants: Set(constants.map { $0 + 1 }))[0]
      let minimum = tensor(holds.shape) { min(broadcast(a, $0), broadcast(b, $0)) }
      #expect(smaller.isIdentical(to: minimum))
    }
  }

  @Test func compares() throws {
    let a = Tensor([Float(1), 2, 3, .nan])
    let b = Tensor([Float(2), 2, 2, .nan])
    #expect(try compute(Compare(.equal), [a, b])[0].doubles() == [0, 1, 0, 0])
    #expect(try compute(Compare(.less), [a, b])[0].doubles() == [1, 0, 0, 0])
    #expect(try compute(Compare(.greater), [a, b])[0].doubles() == [0, 0, 1, 0])
    #expect(try compute(Compare(.lessOrEqual), [a, b])[0].doubles() == [1, 1, 0, 0])
    #expect(try compute(Compare(.greaterOrEqual), [a, b])[0].doubles() == [0, 1, 1, 0])
    #expect(try compute(Compare(.equal), [integers([1, 2]), integers([2])])[0].doubles() == [0, 1])
    let p = Tensor([true, true, false, false])
    let q = Tensor([true, false, true, false])
    #expect(try compute(Compare(.and), [p, q])[0].doubles() == [1, 0, 0, 0])
    #expect(try compute(Compare(.or), [p, q])[0].doubles() == [1, 1, 1, 0])
    #expect(try compute(Compare(.equal), [p, q])[0].doubles() == [1, 0, 0, 1])
  }

  @Test func choosesOtherElements() throws {
    let condition = Tensor([true, false])
    let y = try compute(Where(), [condition, integers([1, 2]), integers([3, 4])])[0]
    #expect(y.elements(as: Int64.self) == [1, 4])
    let a = quantized([1, 2], [2], scale: 0.5, zeroPoint: 1)
    let b = quantized([3, 4], [2], scale: 0.5, zeroPoint: 1)
    let z = try compute(Where(), [condition, a, b])[0]
    #expect(z.elements(as: Int8.self) == [1, 4])
    #expect(z.type.quantization == a.type.quantization)
  }

  @Test func refuses() {
    #expect(refusal(Compare(.and), [float32(2), float32(2)]) == "and of float32 is not supported")
    #expect(refusal(Compare(.less), [operand(.bool, 2), operand(.bool, 2)]) == "less of bool is not supported")
    #expect(refusal(Compare(.less), [float32(2), operand(.int64, 2)]) == "b is int64, expected float32")
    #expect(refusal(Compare(.less), [float32(2), float32(3)]) == "shapes [2] and [3] do not broadcast")
    #expect(refusal(Where(), [float32(2), float32(2), float32(2)]) == "condition is float32, expected bool")
    #expect(refusal(Where(), [operand(.bool, 2), float32(2)]) == "input 2 (b) is missing")
  }

  @Test(arguments: [[3, 1, 1], [1], [2, 3, 4, 5], [1, 5]])
  func rectifies(_ slopes: [Int]) throws {
    let x = noise([2, 3, 4, 5])
    let slope = noise(slopes, seed: 8)
    let expected = tensor(x.shape) { x.at($0) < 0 ? x.at($0) * broadcast(slope, $0) : x.at($0) }
    #expect(try compute(PRelu(), [x, slope], constants: [1])[0].isIdentical(to: expected))
    #expect(try compute(PRelu(), [x, slope])[0].isIdentical(to: expected))
    #expect(refusal(PRelu(), [float32(1, 3), float32(2, 3)])?.contains("does not broadcast to x") == true)
  }

  @Test(arguments: [0, 1, -1], [true, false])
  func findsMaxima(_ axis: Int, _ keepsDimensions: Bool) throws {
    let x = tensor([3, 4, 5]) { (noise([3, 4, 5]).at($0) * 3).rounded() }
    let index = axis < 0 ? axis + 3 : axis
    for selectsLast in [true, false] {
      let op = ArgMax(axis: axis, keepsDimensions: keepsDimensions, selectsLast: selectsLast)
      let y = try compute(op, [x])[0]
      var shape = x.shape
      shape[index] = 1
      let expected = tensor(shape) { position in
        let row = (0..<x.shape[index]).map { k -> Float in
          var source = position
          source[index] = k
          return x.at(source)
        }
        let largest = row.max() ?? 0
        return Float((selectsLast ? row.lastIndex(of: largest) : row.firstIndex(of: largest)) ?? -1)
      }
      #expect(y.doubles() == expected.doubles())
      if !keepsDimensions { shape.remove(at: index) }
      #expect(y.shape == shape)
    }
    let q = quantized([3, -5, 3], [1, 3], scale: 1, zeroPoint: 0)
    #expect(try compute(ArgMax(axis: 1), [q])[0].elements(as: Int64.self) == [0])
    #expect(refusal(ArgMax(axis: 0), [float32(0, 2)]) == "dimension 0 of [0, 2] is empty")
    #expect(refusal(ArgMax(axis: 0), [operand(.bool, 2)])?.contains("expected float32") == true)
  }
}
