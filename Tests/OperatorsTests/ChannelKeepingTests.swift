import IR
import Operators
import Tensors
import Testing

/// What operators say of their channels, against what they compute for some of them.
@Suite struct ChannelKeepingTests {
  /// The examples, and what they leave out: layers of other groups, constants, and inputs that are needed whole.
  private static let examples: [Example] = {
    let image = noise([2, 4, 5, 6])
    let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
    let (four, eight) = (noise([4], seed: 2), noise([8], seed: 3))
    return Example.all + [
      Example(Conv(window: window), [image, noise([6, 4, 3, 3]), noise([6])], constants: [1, 2]),
      Example(Conv(window: window), [image, noise([6, 4, 3, 3])], constants: [1]),
      Example(Conv(window: window, group: 4), [image, noise([8, 1, 3, 3]), eight], constants: [1, 2]),
      Example(Gemm(transB: false), [noise([3, 4]), noise([4, 5]), noise([1])], constants: [1, 2]),
      Example(Gemm(), [noise([3, 4]), noise([5, 4])], constants: [1]),
      Example(Binary(.mul), [image, noise([2, 4, 1, 1])]),
      Example(Binary(.sub), [noise([1, 4, 1, 1]), image], constants: [0]),
      Example(Binary(.sub), [image, noise([5, 6])], constants: [1]),
      Example(Binary(.mul), [image, noise([2, 1, 5, 6])]),
      Example(ScaleShift(), [image, four, four], constants: [1, 2]),
      Example(PRelu(), [image, noise([4, 1, 1])], constants: [1]),
      Example(Concat(axis: -3), [image, noise([2, 3, 5, 6]), image]),
      Example(Concat(axis: 2), [image, noise([2, 4, 1, 6])]),
      Example(Pad(pads: [0, 0, 1, 2, 0, 0, 0, 1], value: 3), [image]),
      Example(Reduce(.max, axes: [3, 2], keepsDimensions: false), [image]),
      Example(Reduce(.mean, axes: [-1]), [image]),
      Example(Reshape(shape: [2, 120]), [image]),
      Example(Reshape(shape: [0, -1]), [image]),
      Example(Reshape(shape: [3, 4, 1, 1]), [noise([3, 4])]),
    ]
  }()

  private func operands(_ example: Example) -> [Operand?] {
    example.inputs.indices.map {
      example.constants.contains($0) ? Operand(example.inputs[$0]) : Operand(example.inputs[$0].type)
    }
  }

  private func some(_ count: Int) -> [Int] { (0..<count).filter { $0 % 3 != 1 } }

  /// Inputs of the operator that is left: channels of what flows, and constants.
  private func left(
    _ example: Example, _ op: any ChannelKeeping, _ kept: [[Int]?], output: [Int]
  ) -> (op: any Operator, inputs: [Tensor]) {
    let (other, constants) = op.keeping(kept, output: output, of: operands(example))
    var inputs = example.inputs
    for (index, channels) in kept.enumerated() {
      if let channels { inputs[index] = inputs[index].selecting(channels, along: 1) }
    }
    for (index, constant) in constants { inputs[index] = constant }
    return (other, inputs)
  }

  /// Each channel of the output is the same as it was with all channels.
  @Test func channelsThatPassAreTheirOwn() throws {
    var met: Set<String> = []
    for example in Self.examples {
      let output = try compute(example.op, example.inputs, constants: example.constants)[0]
      guard let op = example.op as? any ChannelKeeping,
        case .passed(let origins) = op.channelFlow(operands(example), output.type)
      else { continue }
      met.insert(op.name)
      // Channels of the output go by what they come from, so that of every input some go and some stay.
      let first = try #require(origins.first { $0 != nil } ?? nil, "\(example)")
      let channels = first.indices.filter { channel in
        origins.allSatisfy { $0 == nil || $0?[channel] == -1 || ($0?[channel] ?? 0) % 3 != 1 }
      }
      let kept = example.inputs.indices.map { index -> [Int]? in
        if example.constants.contains(index) { return nil }
        let count = example.inputs[index].shape[1]
        return index < origins.count && origins[index] != nil ? some(count) : Array(0..<count)
      }
      let (other, inputs) = left(example, op, kept, output: channels)
      let found = try compute(other, inputs, constants: example.constants)[0]
      #expect(found.isIdentical(to: output.selecting(channels, along: 1)), "\(example)")
    }
    #expect(
      met == [
        "AveragePool", "Binary", "Concat", "Conv", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "PRelu", "Pad",
        "Reduce", "Reshape", "Resize", "ScaleShift", "Unary",
      ])
  }

  /// Where channels are mixed, those that go were met by zeros.
  @Test func channelsThatAreMixedAreSummands() throws {
    var met = 0
    for example in Self.examples {
      let output = try compute(example.op, example.inputs, constants: example.constants)[0]
      guard let op = example.op as? any ChannelKeeping,
        case .mixed = op.channelFlow(operands(example), output.type)
      else { continue }
      met += 1
      let x = example.inputs[0]
      let inner = x.shape[2...].reduce(1, *)
      var numbers = x.elements(as: Float.self)
      for index in numbers.indices where index / inner % x.shape[1] % 3 == 1 { numbers[index] = 0 }
      let silent = [Tensor(numbers, shape: x.shape)] + example.inputs.dropFirst()
      let expected = try compute(op, silent, constants: example.constants)[0]
      let channels = some(output.shape[1])
      let (other, inputs) = left(
        example, op, example.inputs.indices.map { $0 == 0 ? some(x.shape[1]) : nil }, output: channels)
      let found = try compute(other, inputs, constants: example.constants)[0]
      let wanted = expected.selecting(channels, along: 1)
      #expect(found.shape == wanted.shape, "\(example)")
      for (a, b) in zip(found.elements(as: Float.self), wanted.elements(as: Float.self)) {
        #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(example)")
      }
    }
    #expect(met == 5)
  }

  @Test func whatCannotBeToldApartSaysSo() {
    let image = Operand(TensorType(.float32, [2, 4, 5, 6]))
    let whole = TensorType(.float32, [2, 4, 5, 6])
    func flow(_ op: any ChannelKeeping, _ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
      op.channelFlow(inputs, output)
    }
    // An operand that flows with a dimension fewer has its channels elsewhere.
    #expect(flow(Binary(.add), [image, Operand(TensorType(.float32, [4, 1, 1]))], whole) == nil)
    #expect(flow(Concat(axis: 1), [image, Operand(noise([2, 4, 5, 6]))], TensorType(.float32, [2, 8, 5, 6])) == nil)
    #expect(flow(Pad(pads: [0, 1, 0, 0, 0, -1, 0, 0]), [image], whole) == nil)
    #expect(flow(Reduce(.mean, axes: [1]), [image], TensorType(.float32, [2, 1, 5, 6])) == nil)
    #expect(flow(Reshape(shape: [4, 2, 5, 6]), [image], TensorType(.float32, [4, 2, 5, 6])) == nil)
    #expect(flow(Reshape(shape: [2, 2, 60]), [image], TensorType(.float32, [2, 2, 60])) == nil)
    let weights = Operand(noise([6, 2, 3, 3]))
    #expect(flow(Conv(window: Window(kernel: [3, 3]), group: 2), [image, weights], whole) == nil)
    #expect(flow(PRelu(), [image, Operand(TensorType(.float32, [4, 1, 1]))], whole) == nil)
  }

  @Test func selectingElements() {
    let tensor = counting([2, 3, 2])
    #expect(
      tensor.selecting([2, 0], along: 1).isIdentical(
        to: Tensor([Float](arrayLiteral: 4, 5, 0, 1, 10, 11, 6, 7), shape: [2, 2, 2])))
    #expect(tensor.selecting([], along: 2).shape == [2, 3, 0])
    #expect(tensor.selecting([1], along: 0).elements(as: Float.self) == [6, 7, 8, 9, 10, 11])
  }
}
