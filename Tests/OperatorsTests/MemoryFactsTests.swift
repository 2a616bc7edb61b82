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

  /// Element i of the output is made of element i of the first input and of nothing else there: changing the others does
  /// not change it.
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
