import IR
import Operators
import Tensors
import Testing

/// What operators say about where their elements come from and go to, against what they compute.
@Suite struct MemoryFactsTests {
  /// Int8 passes through with its quantization: nothing may come out that did not go in.
  @Test func elementsThatMoveDoNotChange() throws {
    let moving = Example.all.filter { ($0.op as? any ElementMoving)?.movesElements ?? false }
    #expect(moving.count > 10)
    for example in moving {
      // Interpolation makes new numbers within the range of the old ones.
      if (example.op as? Resize)?.mode == .linear { continue }
      let given = Set(example.inputs.flatMap { $0.doubles() })
      for output in try compute(example.op, example.inputs, constants: example.constants) {
        #expect(given.isSuperset(of: output.doubles()), "\(example)")
      }
    }
  }

  @Test func paddingWithZeroOrTheImageMovesElements() {
    #expect(Pad(pads: [1, 1]).movesElements)
    #expect(Pad(pads: [1, 1], mode: .edge, value: 3).movesElements)
    #expect(Pad(pads: [1, 1], mode: .reflect, value: 3).movesElements)
    #expect(!Pad(pads: [1, 1], value: 3).movesElements)
  }

  /// Element i of the output is made of element i of the first input and of nothing else there: changing the others
  /// does not change it.
  @Test func elementWiseOperatorsReadOneElementForEach() throws {
    var met: Set<String> = []
    for example in Example.all {
      let operands = example.inputs.indices.map { index -> Operand? in
        example.constants.contains(index) || index > 0
          ? Operand(example.inputs[index]) : Operand(example.inputs[index].type)
      }
      guard let op = example.op as? any ElementWise, op.isElementWise(operands) else { continue }
      met.insert(op.name)
      let x = example.inputs[0]
      let before = try compute(op, example.inputs, constants: example.constants)[0].elements(as: Float.self)
      var numbers = x.elements(as: Float.self)
      let kept = numbers.count / 2
      for index in numbers.indices where index != kept { numbers[index] = 1 - numbers[index] }
      let changed = [Tensor(numbers, shape: x.shape)] + example.inputs.dropFirst()
      let after = try compute(op, changed, constants: example.constants)[0].elements(as: Float.self)
      #expect(before.count == numbers.count, "\(example)")
      #expect(before[kept] == after[kept], "\(example)")
    }
    #expect(met == ["BatchNormalization", "Binary", "PRelu", "Reshape", "ScaleShift", "Unary"])
  }

  @Test func arithmeticOfTwoValuesThatFlowTakesMemory() {
    let x = Operand(TensorType(.float32, [2]))
    #expect(!Binary(.add).isElementWise([x, x]))
    #expect(Binary(.add).isElementWise([x, Operand(Tensor([Float(1), 2]))]))
  }
}

/// A view claims that its input's bytes are its output's.
@Suite struct ViewTests {
  /// The elements of a row-major tensor in the order they lie in memory.
  private func memory(_ tensor: Tensor, _ layout: Layout) -> [Float] {
    let strides = Layout.rowMajor.strides(of: tensor.shape)
    let order = layout.physicalOrder(rank: tensor.shape.count)
    let elements = tensor.elements(as: Float.self)
    var positions = [0]
    for axis in order {
      positions = positions.flatMap { start in (0..<tensor.shape[axis]).map { start + $0 * strides[axis] } }
    }
    return positions.map { elements[$0] }
  }

  static let orders: [[Int]] = (0..<256).map { [$0 >> 6, $0 >> 4 & 3, $0 >> 2 & 3, $0 & 3] }
    .filter { Set($0).count == 4 }

  @Test func transposesAreViewsOnlyWhereBytesStay() throws {
    let x = counting([2, 3, 4, 5])
    var views = 0
    for order in Self.orders {
      for source in [Layout.rowMajor, .channelsLast] {
        guard let view = Transpose(perm: order).view(of: source) else { continue }
        views += 1
        let y = try compute(Transpose(perm: order), [x])[0]
        #expect(view.reading == source)
        #expect(memory(x, view.reading) == memory(y, view.as), "\(order) of \(source)")
      }
    }
    #expect(Self.orders.count == 24)
    #expect(views == 2)
  }

  @Test func reshapesReadRowMajor() throws {
    let x = counting([2, 3, 4, 5])
    for source in [Layout.rowMajor, .channelsLast] {
      let view = try #require(Reshape(shape: [0, 12, 1, -1]).view(of: source))
      let y = try compute(Reshape(shape: [0, 12, 1, -1]), [x])[0]
      #expect(memory(x, view.reading) == memory(y, view.as))
    }
  }
}
