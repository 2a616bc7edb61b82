import IR
import Math
import Operators
import Tensors
import Testing

struct RepetitionTests {
  @Test(arguments: [
    ([2, 1, 4, 1], [2, 3, 1, 5], [2, 3, 4, 5]), ([3, 1], [2, 1, 4], [2, 3, 4]), ([1], [], [1]), ([], [2, 2], [2, 2]),
    ([3, 4], [1], [3, 4]), ([1, 3, 1, 1], [2, 1, 4, 4], [2, 3, 4, 4]),
  ])
  func expands(_ shape: [Int], _ target: [Int], _ expected: [Int]) throws {
    let x = noise(shape)
    let y = try compute(Expand(shape: target), [x])[0]
    let repeated = tensor(expected) { index in
      x.at(zip(shape, index.suffix(shape.count)).map { $0 == 1 ? 0 : $1 })
    }
    #expect(y.isIdentical(to: repeated))
    #expect(try compute(Expand(shape: target), [x], constants: [0])[0].isIdentical(to: repeated))
  }

  @Test(arguments: [[1, 2, 3, 1], [2, 1, 1, 2], [1, 1, 1, 1], [0, 1, 1, 1]])
  func tiles(_ repeats: [Int]) throws {
    let x = noise([2, 3, 4, 5])
    let y = try compute(Tile(repeats: repeats), [x])[0]
    let shape = zip(x.shape, repeats).map { $0 * $1 }
    #expect(y.isIdentical(to: tensor(shape) { x.at(zip($0, x.shape).map { $0 % $1 }) }))
  }

  @Test func refuses() {
    #expect(refusal(Expand(shape: [2]), [float32(3)]) == "shapes [3] and [2] do not broadcast")
    #expect(refusal(Expand(shape: [-1]), [float32(1)])?.contains("beyond the limits") == true)
    #expect(refusal(Tile(repeats: [2]), [float32(3, 4)]) == "repeats [2] are 1 numbers, x has shape [3, 4]")
    #expect(attributeError("Tile", ["repeats": .ints([-1])]) == "repeats [-1] are out of range")
    #expect(refusal(Tile(repeats: [1 << 30, 1 << 30]), [float32(9, 9)])?.contains("beyond the limits") == true)
  }

  @Test func countsUp() throws {
    let inputs = [Int64(10), 1, -3].map { Optional(Tensor(scalar: $0)) }
    #expect(try evaluateConstants(RangeOperator(), inputs: inputs)[0].elements(as: Int64.self) == [10, 7, 4])
    let halves = [Float(0), 2, 0.5].map { Optional(Tensor(scalar: $0)) }
    #expect(try evaluateConstants(RangeOperator(), inputs: halves)[0].elements(as: Float.self) == [0, 0.5, 1, 1.5])
    func operands(_ values: Float...) -> [Operand?] { values.map { Operand(Tensor(scalar: $0)) } }
    #expect(refusal(RangeOperator(), operands(0, 1, 0)) == "a range from 0.0 to 1.0 by 0.0 is not supported")
    #expect(try RangeOperator().inferTypes(operands(5, 1, 1))[0].shape == [0])
    let computed = Operand(TensorType(.int64, []))
    #expect(
      refusal(RangeOperator(), [computed, computed, computed])
        == "start that is computed at run time is not supported")
  }
}

struct BlockMoveTests {
  @Test(arguments: [1, 2, 3, 6])
  func shufflesChannels(_ groups: Int) throws {
    let x = noise([2, 6, 3, 4])
    let y = try compute(ChannelShuffle(groups: groups), [x])[0]
    let split = try #require(x.reshaped([2, groups, 6 / groups, 3, 4]))
    let turned = try compute(Transpose(perm: [0, 2, 1, 3, 4]), [split])[0]
    #expect(y.elements(as: Float.self) == turned.elements(as: Float.self))
    let q = quantized((0..<144).map { Int8($0 - 100) }, [2, 6, 3, 4], scale: 1, zeroPoint: 2)
    let z = try compute(ChannelShuffle(groups: groups), [q])[0]
    #expect(z.type == q.type)
    #expect(z.elements(as: Int8.self)[12] == q.elements(as: Int8.self)[groups == 1 ? 12 : 72 / groups])
  }

  @Test(arguments: DepthToSpace.Mode.allCases)
  func spreadsChannels(_ mode: DepthToSpace.Mode) throws {
    let x = noise([2, 12, 3, 4])
    let y = try compute(DepthToSpace(block: 2, mode: mode), [x])[0]
    let expected = tensor([2, 3, 6, 8]) { index in
      let (i, j) = (index[2] % 2, index[3] % 2)
      let channel = mode == .depthColumnRow ? (i * 2 + j) * 3 + index[1] : (index[1] * 2 + i) * 2 + j
      return x.at([index[0], channel, index[2] / 2, index[3] / 2])
    }
    #expect(y.isIdentical(to: expected))
    let back = try compute(SpaceToDepth(block: 2), [y])[0]
    #expect(mode == .columnRowDepth || back.isIdentical(to: x))
  }

  @Test func refuses() {
    #expect(
      refusal(ChannelShuffle(groups: 4), [float32(1, 6, 1, 1)]) == "x has 6 channels, they do not fall into 4 groups")
    #expect(
      refusal(DepthToSpace(block: 2), [float32(1, 6, 1, 1)]) == "x has 6 channels, they do not fill blocks of 2 x 2")
    #expect(
      refusal(SpaceToDepth(block: 2), [float32(1, 6, 3, 2)])
        == "x has shape [1, 6, 3, 2], it does not fall into blocks of 2 x 2")
    #expect(
      attributeError("DepthToSpace", ["blocksize": .int(0)]) == "attribute blocksize is 0, expected 1...32768")
    #expect(attributeError("ChannelShuffle", ["groups": .int(.max)])?.contains("expected 1...32768") == true)
  }
}
