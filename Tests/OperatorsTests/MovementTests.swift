import IR
import Math
import Operators
import Tensors
import Testing

struct TransposeTests {
  @Test(arguments: [
    ([2, 3], [1, 0]), ([2, 3, 5, 7], [0, 2, 3, 1]), ([2, 7, 5, 3], [0, 3, 1, 2]), ([2, 3, 4, 5], [3, 2, 1, 0]),
    ([2, 2, 3, 4, 5], [0, 2, 1, 3, 4]), ([40, 1, 33], [2, 1, 0]), ([2, 3, 4], [1, 2, 0]), ([], []),
  ])
  func movesElements(_ shape: [Int], _ perm: [Int]) throws {
    let x = counting(shape)
    let y = try compute(Transpose(perm: perm), [x])[0]
    let expected = tensor(perm.map { shape[$0] }) { index in
      var source = [Int](repeating: 0, count: shape.count)
      for (position, axis) in perm.enumerated() { source[axis] = index[position] }
      return x.at(source)
    }
    #expect(y.isIdentical(to: expected))
  }

  @Test func movesOtherSizes() throws {
    let wide = try compute(Transpose(perm: nil), [integers([1, 2, 3, 4, 5, 6], shape: [2, 3])])[0]
    #expect(wide.elements(as: Int64.self) == [1, 4, 2, 5, 3, 6])
    let narrow = quantized([1, 2, 3, 4, 5, 6], [2, 3], scale: 2, zeroPoint: 1)
    let turned = try compute(Transpose(perm: [1, 0]), [narrow])[0]
    #expect(turned.elements(as: Int8.self) == [1, 4, 2, 5, 3, 6])
    #expect(turned.type.quantization == Quantization(scale: 2, zeroPoint: 1))
  }

  @Test func refuses() {
    #expect(
      refusal(Transpose(perm: [0, 0]), [float32(2, 3)]) == "perm [0, 0] is not an order of the 2 dimensions of x")
    #expect(refusal(Transpose(perm: [0]), [float32(2, 3)]) != nil)
  }
}

struct ConcatSplitTests {
  @Test(arguments: [0, 1, 2, 3, -1], [[2, 3, 4, 5], [1, 1, 2, 3]])
  func joinsWhatSplitCuts(_ axis: Int, _ shape: [Int]) throws {
    let index = axis < 0 ? axis + 4 : axis
    var wide = shape
    wide[index] = shape[index] + 2
    let x = noise(wide)
    let parts = try compute(Split(axis: axis, sizes: [shape[index], 0, 2]), [x])
    #expect(parts[0].shape == shape)
    #expect(parts[0].isIdentical(to: tensor(shape) { x.at($0) }))
    let joined = try compute(Concat(axis: axis), parts.map { $0 })[0]
    #expect(joined.isIdentical(to: x))
  }

  @Test func joinsConstantsWithActivations() throws {
    let a = noise([2, 3, 4, 4])
    let b = noise([2, 5, 4, 4], seed: 9)
    let joined = try compute(Concat(axis: 1), [a, b], constants: [1])[0]
    let expected = tensor([2, 8, 4, 4]) { index in
      index[1] < 3 ? a.at(index) : b.at([index[0], index[1] - 3, index[2], index[3]])
    }
    #expect(joined.isIdentical(to: expected))
  }

  @Test func joinsIntegers() throws {
    let joined = try compute(Concat(axis: 0), [integers([1]), integers([2, 3]), integers([4])])[0]
    #expect(joined.elements(as: Int64.self) == [1, 2, 3, 4])
  }

  @Test func refuses() {
    let quantizedType = TensorType(.int8, [1, 2], quantization: Quantization(scale: 1, zeroPoint: 0))
    let other = TensorType(.int8, [1, 2], quantization: Quantization(scale: 2, zeroPoint: 0))
    #expect(refusal(Concat(axis: 0), [Operand(quantizedType), Operand(other)])?.contains("quantizations") == true)
    #expect(
      refusal(Concat(axis: 1), [float32(1, 2), float32(2, 2)])
        == "part 1 has shape [2, 2], the first [1, 2], joined along 1")
    #expect(refusal(Concat(axis: 1), [float32(1, 2), operand(.int64, 1, 2)]) == "part 1 is int64, expected float32")
    #expect(refusal(Concat(axis: 2), [float32(1, 2)]) == "axis 2 is outside a shape of 2 dimensions")
    #expect(refusal(Concat(axis: 0), []) == "input 0 (first part) is missing")
    #expect(
      refusal(Split(axis: 1, sizes: [1, 1]), [float32(1, 3)]) == "sizes [1, 1] do not add up to dimension 1 of [1, 3]")
    #expect(refusal(Split(axis: 1, sizes: [.max, .max]), [float32(1, 3)]) != nil)
    #expect(refusal(Split(axis: 1, sizes: [-1, 4]), [float32(1, 3)]) != nil)
    #expect(attributeError("Split", ["axis": .int(0)]) == "attribute sizes is missing")
  }
}

struct SliceTests {
  struct Case: Sendable {
    let extent: Int
    let start: Int
    let end: Int
    let step: Int
    let expected: [Float]
  }

  @Test(arguments: [
    Case(extent: 5, start: 1, end: 3, step: 1, expected: [1, 2]),
    Case(extent: 5, start: -2, end: .max, step: 1, expected: [3, 4]),
    Case(extent: 5, start: 0, end: .max, step: 2, expected: [0, 2, 4]),
    Case(extent: 5, start: 4, end: .min, step: -1, expected: [4, 3, 2, 1, 0]),
    Case(extent: 5, start: -1, end: 0, step: -2, expected: [4, 2]),
    Case(extent: 5, start: 3, end: 3, step: 1, expected: []),
    Case(extent: 5, start: 9, end: 20, step: 1, expected: []),
    Case(extent: 5, start: 9, end: -9, step: -3, expected: [4, 1]),
    Case(extent: 5, start: 0, end: 5, step: .max, expected: [0]),
    Case(extent: 5, start: 4, end: .min, step: .min, expected: [4]),
    Case(extent: 1, start: 0, end: 1, step: 1, expected: [0]),
    Case(extent: 0, start: 0, end: .min, step: -1, expected: []),
  ])
  func selects(_ test: Case) throws {
    let op = Slice(starts: [test.start], ends: [test.end], axes: [0], steps: [test.step])
    let y = try compute(op, [counting([test.extent])])[0]
    #expect(y.elements(as: Float.self) == test.expected)
  }

  @Test func cutsImages() throws {
    let x = noise([2, 4, 5, 6])
    let op = Slice(starts: [1, 5], ends: [3, 0], axes: [1, -1], steps: [1, -2])
    let y = try compute(op, [x])[0]
    let expected = tensor([2, 2, 5, 3]) { x.at([$0[0], $0[1] + 1, $0[2], 5 - 2 * $0[3]]) }
    #expect(y.isIdentical(to: expected))
  }

  @Test func refuses() {
    #expect(
      attributeError("Slice", ["starts": .ints([0]), "ends": .ints([1]), "steps": .ints([0])]) == "steps [0] contain 0")
    #expect(
      attributeError("Slice", ["starts": .ints([0]), "ends": .ints([1, 2])])
        == "starts [0], ends [1, 2], axes [0] and steps [1] differ in length")
    let twice = Slice(starts: [0, 0], ends: [1, 1], axes: [1, -1])
    #expect(refusal(twice, [float32(2, 3)]) == "axes [1, -1] name a dimension twice")
  }
}

struct GatherTests {
  @Test(arguments: [0, 1, -1], [Set<Int>(), [1]])
  func selects(_ axis: Int, _ constants: Set<Int>) throws {
    let x = noise([3, 4, 5])
    let picked: [Int64] = [2, 0, -1, 1]
    let op = Gather(axis: axis)
    let y = try compute(op, [x, integers(picked, shape: [2, 2])], constants: constants)[0]
    let index = axis < 0 ? axis + 3 : axis
    var shape = x.shape
    shape.replaceSubrange(index...index, with: [2, 2])
    let expected = tensor(shape) { position in
      let chosen = Int(picked[2 * position[index] + position[index + 1]])
      var source = position
      source.replaceSubrange(index...(index + 1), with: [chosen < 0 ? chosen + x.shape[index] : chosen])
      return x.at(source)
    }
    #expect(y.isIdentical(to: expected))
  }

  @Test func selectsWithScalars() throws {
    let y = try compute(Gather(axis: 0), [integers([7, 8, 9]), Tensor(scalar: Int32(-1))], constants: [0, 1])[0]
    #expect(y.shape == [])
    #expect(y.elements(as: Int64.self) == [9])
  }

  @Test func clampsComputedIndices() throws {
    let y = try compute(Gather(axis: 0), [counting([3]), integers([99, -99])])[0]
    #expect(y.elements(as: Float.self) == [2, 0])
  }

  @Test func refuses() {
    #expect(
      refusal(Gather(axis: 0), [float32(3), Operand(integers([3]))]) == "index 3 is outside dimension 0 of [3]")
    #expect(refusal(Gather(axis: 0), [float32(3), float32(1)]) == "indices are float32, expected int64 or int32")
    #expect(refusal(Gather(axis: 1), [float32(3), operand(.int64, 1)]) != nil)
  }
}

struct PadTests {
  @Test(arguments: [Pad.Mode.constant, .reflect, .edge])
  func addsAround(_ mode: Pad.Mode) throws {
    let x = noise([2, 3, 4, 5])
    let y = try compute(Pad(pads: [0, 1, 2, 3, 0, 2, 0, 1], mode: mode, value: 7), [x])[0]
    let before = [0, 1, 2, 3]
    let expected = tensor([2, 6, 6, 9]) { index in
      var source: [Int] = []
      for axis in 0..<4 {
        let extent = x.shape[axis]
        let position = index[axis] - before[axis]
        switch mode {
        case .constant:
          if position < 0 || position >= extent { return 7 }
          source.append(position)
        case .reflect:
          let mirrored = position < extent ? position : 2 * (extent - 1) - position
          source.append(abs(mirrored))
        case .edge: source.append(max(0, min(extent - 1, position)))
        }
      }
      return x.at(source)
    }
    #expect(y.isIdentical(to: expected))
  }

  @Test func removes() throws {
    #expect(try floats(Pad(pads: [-1, 2]), [counting([3])]) == [1, 2, 0, 0])
    #expect(try floats(Pad(pads: [-1, -1]), [counting([3])]) == [1])
  }

  @Test func fillsWithTheZeroPoint() throws {
    let x = quantized([5], [1], scale: 0.5, zeroPoint: 3)
    #expect(try compute(Pad(pads: [1, 1]), [x])[0].elements(as: Int8.self) == [3, 5, 3])
    #expect(try compute(Pad(pads: [1, 0], value: 2), [x])[0].elements(as: Int8.self) == [7, 5])
    #expect(try compute(Pad(pads: [0, 1], value: 9), [integers([5])])[0].elements(as: Int64.self) == [5, 9])
  }

  @Test func refuses() {
    #expect(refusal(Pad(pads: [1]), [float32(3)]) == "pads [1] are 1 numbers, x with shape [3] needs 2")
    #expect(refusal(Pad(pads: [-2, -2]), [float32(3)]) == "pads [-2, -2] remove more than dimension 0 of [3]")
    #expect(
      refusal(Pad(pads: [3, 0], mode: .reflect), [float32(3)]) == "reflect pads [3, 0] do not fit dimension 0 of [3]")
    #expect(refusal(Pad(pads: [1 << 31 - 1, 1 << 31 - 1]), [float32(3)])?.contains("beyond the limits") == true)
    #expect(attributeError("Pad", ["pads": .ints([.min, .max])])?.contains("out of range") == true)
    #expect(
      attributeError("Pad", ["pads": .ints([0, 0]), "mode": .string("wrap")])
        == "attribute mode is \"wrap\", expected one of constant, reflect, edge")
  }
}
