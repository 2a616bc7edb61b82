import IR
import Math
import Operators
import Tensors
import Testing

/// Operators that say they change nothing, against what they compute.
@Suite struct IdentityTests {
  private static let image = noise([2, 4, 5, 6])
  private static let ones = Tensor([Float](repeating: 1, count: 4), shape: [4, 1, 1])
  private static let zeros = Tensor([Float](repeating: 0, count: 4), shape: [4, 1, 1])
  private static let point = Window(kernel: [1, 1])

  static let identities: [(Example, input: Int)] = [
    (Example(AveragePool(window: point), [image]), 0),
    (Example(Binary(.add), [image, zeros], constants: [1]), 0),
    (Example(Binary(.add), [zeros, image], constants: [0]), 1),
    (Example(Binary(.sub), [image, zeros], constants: [1]), 0),
    (Example(Binary(.mul), [ones, image], constants: [0]), 1),
    (Example(Binary(.div), [image, ones], constants: [1]), 0),
    (Example(Binary(.pow), [image, ones], constants: [1]), 0),
    (Example(Cast(to: .float32), [image]), 0),
    (Example(ChannelShuffle(groups: 1), [image]), 0),
    (Example(ChannelShuffle(groups: 4), [image]), 0),
    (Example(Concat(axis: 1), [image]), 0),
    (Example(Expand(shape: [4, 1, 1]), [image]), 0),
    (Example(MaxPool(window: point), [image]), 0),
    (Example(Pad(pads: [Int](repeating: 0, count: 8), value: 3), [image]), 0),
    (Example(Reduce(.prod, axes: [-1]), [noise([2, 3, 1])]), 0),
    (Example(Reshape(shape: [0, 4, -1, 6]), [image]), 0),
    (Example(Slice(starts: [0, -5], ends: [9, 5], axes: [1, 2]), [image]), 0),
    (Example(Split(axis: 1, sizes: [4]), [image]), 0),
    (Example(Tile(repeats: [1, 1, 1, 1]), [image]), 0),
    (Example(Transpose(perm: [0, 1, 2, 3]), [image]), 0),
    (Example(Unary(.identity), [image]), 0),
  ]

  private func unchanged(_ example: Example) throws -> Int? {
    let operands = example.inputs.enumerated().map { index, tensor -> Operand? in
      example.constants.contains(index) ? Operand(tensor) : Operand(tensor.type)
    }
    let op = try #require(example.op as? any PossibleIdentity)
    let types = try op.inferTypes(operands)
    guard types.count == 1, let input = op.unchangedInput(operands, types[0]) else { return nil }
    return example.inputs[input].type == types[0] ? input : nil
  }

  @Test func identitiesGiveBackTheirInput() throws {
    for (example, input) in Self.identities {
      #expect(try unchanged(example) == input, "\(example)")
      let y = try compute(example.op, example.inputs, constants: example.constants)[0]
      #expect(y.isIdentical(to: example.inputs[input]), "\(example)")
    }
  }

  /// Each operator that may be an identity is met as one; what says so in its usual form is held to it, too.
  @Test func noOtherOperatorSaysSo() throws {
    var known = Set(Self.identities.map { $0.0.op.name })
    for example in Example.all where example.op is any PossibleIdentity {
      #expect(known.contains(example.op.name), "\(example) has no case here")
      guard let input = try unchanged(example) else { continue }
      let y = try compute(example.op, example.inputs, constants: example.constants)[0]
      #expect(y.isIdentical(to: example.inputs[input]), "\(example)")
    }
    known.subtract(Example.all.filter { $0.op is any PossibleIdentity }.map(\.op.name))
    #expect(known.isEmpty)
  }

  static let changes: [Example] = [
    Example(AveragePool(window: Window(kernel: [1, 1], strides: [2, 2])), [noise([1, 2, 1, 1])]),
    Example(Binary(.add), [image, zeros]),
    Example(Binary(.sub), [zeros, image], constants: [0]),
    Example(Binary(.div), [ones, image], constants: [0]),
    Example(Binary(.pow), [ones, image], constants: [0]),
    Example(Binary(.mul), [image, zeros], constants: [1]),
    Example(Binary(.max), [image, zeros], constants: [1]),
    // The constant makes it larger.
    Example(Binary(.add), [ones, Tensor([Float](repeating: 0, count: 8), shape: [4, 2, 1])], constants: [1]),
    Example(ChannelShuffle(groups: 2), [image]),
    Example(Concat(axis: 1), [image, image]),
    Example(MaxPool(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1])), [image]),
    Example(Pad(pads: [1, -1]), [noise([3])]),
    Example(Reduce(.l2, axes: [1]), [noise([2, 1])]),
    Example(Reduce(.mean, axes: [1], keepsDimensions: false), [noise([2, 1])]),
    Example(Reduce(.mean, axes: [2, 3], keepsDimensions: false), [noise([2, 3, 1, 1])]),
    Example(Slice(starts: [-1], ends: [-9], axes: [0], steps: [-1]), [noise([3])]),
    Example(Transpose(perm: [1, 0]), [noise([3, 3])]),
    Example(Unary(.relu), [image]),
  ]

  @Test func whatChangesSomethingSaysNothing() throws {
    for example in Self.changes { #expect(try unchanged(example) == nil, "\(example)") }
  }
}
