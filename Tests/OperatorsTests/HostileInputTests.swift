import IR
import Operators
import Tensors
import Testing
import Threads

/// Whatever a damaged or malicious file says, an operator refuses it or computes something: it never traps.
struct HostileInputTests {
  /// A reproducible source of numbers.
  private struct Dice {
    var state: UInt64

    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }

    mutating func pick<Element>(_ values: [Element]) -> Element { values[roll(values.count)] }

    mutating func integer() -> Int {
      pick([-1, 0, 1, 2, 3, 4, 7, 255, -128, 1 << 15, 1 << 31, -(1 << 31), 1 << 62, .max, .min, .max - 1])
    }

    mutating func number() -> Float {
      let extremes: [Float] = [.leastNonzeroMagnitude, .infinity, -.infinity, .nan, .greatestFiniteMagnitude]
      return pick([0, -0.0, 1, -1, 0.3, 2, 1e30, -1e30] + extremes)
    }

    mutating func mutate(_ attribute: Attribute) -> Attribute {
      switch attribute {
      case .int: return .int(integer())
      case .float: return .float(number())
      case .string(let word): return .string(pick([word, "", "linear", "edge", "mul", "pow", "l2", "clip"]))
      case .ints(let values): return .ints(mutate(values) { $0.integer() })
      case .floats(let values): return .floats(mutate(values) { $0.number() })
      case .strings(let values): return .strings(values)
      case .tensor(let tensor): return .tensor(mutate(tensor))
      }
    }

    private mutating func mutate<Element>(_ values: [Element], _ other: (inout Dice) -> Element) -> [Element] {
      var values = values
      switch roll(6) {
      case 0: values.append(other(&self))
      case 1: _ = values.popLast()
      default: if !values.isEmpty { values[roll(values.count)] = other(&self) }
      }
      return values
    }

    /// Another shape, another element type, or other contents.
    mutating func mutate(_ tensor: Tensor) -> Tensor {
      var shape = tensor.shape
      switch roll(6) {
      case 0: shape.append(pick([0, 1, 2]))
      case 1: _ = shape.popLast()
      case 2, 3: if !shape.isEmpty { shape[roll(shape.count)] = pick([0, 1, 2, 3, 4, 8]) }
      default: break
      }
      let element = roll(4) == 0 ? pick(ElementType.allCases) : tensor.element
      let quantization = roll(2) == 0 ? tensor.type.quantization : nil
      let type = TensorType(element, shape, quantization: element == .int8 ? quantization : nil)
      switch element {
      case .float32: return Tensor((0..<type.count).map { _ in number() }, shape: shape)
      case .int64: return Tensor((0..<type.count).map { _ in Int64(integer()) }, shape: shape)
      default:
        return Tensor(type) { bytes in
          for index in bytes.indices { bytes[index] = UInt8(roll(256)) }
        }
      }
    }
  }

  @Test func everyOperatorHasAnExample() throws {
    let named = Set(Example.all.map(\.op.name))
    #expect(OperatorSet.names.filter { !$0.hasSuffix("Int8") && !named.contains($0) } == [])
    for example in Example.all {
      let outputs = try compute(example.op, example.inputs, constants: example.constants)
      let operands = example.inputs.map { Operand($0) }
      let work = example.op.work(operands, outputs.map(\.type))
      #expect(work.macs >= 0 && work.elementOperations >= 0)
      // As constants the inputs give the same.
      let folded = try evaluateConstants(example.op, inputs: example.inputs)
      for (a, b) in zip(folded, outputs) { expectClose(a.doubles().map(Float.init), b.doubles().map(Float.init)) }
    }
  }

  @Test(arguments: Example.all)
  func neverTraps(_ example: Example) {
    var computed = 0
    for seed in 0..<400 {
      var dice = Dice(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
      var attributes = example.op.attributes
      var inputs: [Tensor?] = example.inputs
      for _ in 0..<(1 + dice.roll(2)) {
        if dice.roll(2) == 0, let name = attributes.keys.sorted().dropFirst(dice.roll(max(1, attributes.count))).first {
          attributes[name] = attributes[name].map { dice.mutate($0) }
        } else {
          let index = dice.roll(inputs.count)
          inputs[index] = dice.roll(12) == 0 ? nil : inputs[index].map { dice.mutate($0) }
        }
      }
      if attempt(example, attributes, inputs) { computed += 1 }
    }
    #expect(computed < 400)
  }

  /// Whether the operator could be made, took the inputs and computed an output of bearable size.
  private func attempt(_ example: Example, _ attributes: [String: Attribute], _ inputs: [Tensor?]) -> Bool {
    guard let op = try? OperatorSet.make(example.op.name, attributes) else { return false }
    let operands = inputs.enumerated().map { index, tensor in
      tensor.map { example.constants.contains(index) ? Operand($0) : Operand($0.type) }
    }
    guard let types = try? op.inferTypes(operands), types.reduce(0, { $0 + $1.count }) <= 1 << 12 else { return false }
    _ = op.work(operands, types)
    for layout in [Layout.rowMajor, .channelsLast] {
      switch op.layout {
      case .rowMajor where layout == .channelsLast: continue
      case .channelsLast where layout == .rowMajor: continue
      default: break
      }
      let outputs = try? evaluate(op, inputs: inputs, layout: layout, workers: Workers(threads: 1)) {
        example.constants.contains($0)
      }
      guard let outputs else { return false }
      #expect(outputs.map(\.type) == types)
    }
    return true
  }
}
