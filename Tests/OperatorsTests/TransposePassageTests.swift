import IR
import Operators
import Tensors
import Testing

/// f(T(x)) = T'(f'(x)), for every operator that says so and every order of dimensions.
@Suite struct TransposePassageTests {
  /// The examples, with inputs widened to one rank, as a transpose before all of them finds them; and some more.
  static let examples: [Example] =
    Example.all.filter { $0.op is any TransposeTransparent }.map { example in
      let rank = example.inputs[0].shape.count
      let inputs = example.inputs.map { input in
        input.reshaped([Int](repeating: 1, count: rank - input.shape.count) + input.shape) ?? input
      }
      return Example(example.op, inputs)
    } + [
      Example(Reduce(.sum, axes: [0, -1], keepsDimensions: false), [noise([2, 3, 4, 5])]),
      Example(Reduce(.max, axes: [], keepsDimensions: false), [noise([2, 3])]),
      Example(Pad(pads: [1, 2, -1, 0, 3, 0], value: 7), [noise([2, 3, 4])]),
      Example(Softmax(axis: -1), [noise([2, 3, 4])]),
      Example(Slice(starts: [1, 3], ends: [2, 0], axes: [-1, 0], steps: [1, -1]), [noise([4, 2, 3])]),
    ]

  private func orders(_ rank: Int) -> [[Int]] {
    (0..<rank).reduce([[]]) { found, _ in
      found.flatMap { start in (0..<rank).filter { !start.contains($0) }.map { start + [$0] } }
    }
  }

  private func transposed(_ tensor: Tensor, _ order: [Int]) throws -> Tensor {
    try evaluateConstants(Transpose(perm: order), inputs: [tensor])[0]
  }

  @Test(arguments: examples) func changingPlacesChangesNothing(_ example: Example) throws {
    let rank = example.inputs[0].shape.count
    let expected = try compute(example.op, example.inputs)
    let op = try #require(example.op as? any TransposeTransparent)
    for order in orders(rank) {
      var inverse = order
      for (position, axis) in order.enumerated() { inverse[axis] = position }
      let sources = try example.inputs.map { try transposed($0, inverse) }
      let passage = try #require(op.passage(of: order, output: expected[0].type))
      let moved = try compute(passage.op, sources)
      #expect(moved.count == expected.count)
      for (a, b) in zip(moved, expected) {
        let turned = try transposed(a, passage.outputOrder)
        #expect(turned.type == b.type, "\(example) after \(order)")
        // Sums over several dimensions are taken in another order, in double precision.
        let isClose = zip(turned.doubles(), b.doubles()).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }
        #expect(isClose, "\(example) after \(order)")
      }
    }
  }

  @Test func arithmeticTakesNoNarrowerTranspose() {
    #expect(Binary(.add).passage(of: [1, 0], output: TensorType(.float32, [2, 3, 4])) == nil)
    #expect(Binary(.add).passage(of: [1, 0], output: TensorType(.float32, [3, 4]))?.takesConstants == true)
    #expect(Concat(axis: 0).passage(of: [1, 0], output: TensorType(.float32, [3, 4]))?.takesConstants == false)
  }
}
