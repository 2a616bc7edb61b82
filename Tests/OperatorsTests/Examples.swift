import IR
import Math
import Operators
import Tensors

/// An operator with inputs it takes.
struct Example: Sendable, CustomStringConvertible {
  let op: any Operator
  let inputs: [Tensor]
  let constants: Set<Int>

  init(_ op: any Operator, _ inputs: [Tensor], constants: Set<Int> = []) {
    self.op = op
    self.inputs = inputs
    self.constants = constants
  }

  var description: String { op.name }

  /// One for every operator but the int8 twins.
  static let all: [Example] = {
    let image = noise([2, 4, 5, 6])
    let matrix = noise([3, 4])
    let channels = noise([4], seed: 2)
    let window = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
    let truth = Tensor([true, false, true, false])
    let small = quantized([1, -2, 3, 4], [2, 2], scale: 0.5, zeroPoint: 1)
    return [
      Example(ArgMax(axis: 1), [image]),
      Example(AveragePool(window: window, ceiling: true, countIncludePad: true), [image]),
      Example(
        BatchNormalization(), [image, channels, channels, channels, counting([4])], constants: [1, 2, 3, 4]),
      Example(Binary(.add, activation: .relu), [image, channels.reshaped([4, 1, 1]) ?? channels]),
      Example(Cast(to: .int32), [image]),
      Example(ChannelShuffle(groups: 2), [image]),
      Example(Compare(.less), [matrix, channels]),
      Example(Concat(axis: 1), [image, image]),
      Example(ConstantOfShape(value: Tensor([Float(2)])), [integers([2, 3])], constants: [0]),
      Example(Conv(window: window, group: 2), [image, noise([6, 2, 3, 3]), noise([6])], constants: [1, 2]),
      Example(
        ConvTranspose(window: window, outputPadding: [1, 1], group: 2), [image, noise([4, 3, 3, 3]), noise([6])],
        constants: [1, 2]),
      Example(DepthToSpace(block: 2), [image]),
      Example(DequantizeLinear(), [small]),
      Example(Expand(shape: [2, 3, 4]), [matrix]),
      Example(Gather(axis: 1), [matrix, integers([0, -1])], constants: [1]),
      Example(Gather(axis: 0), [matrix, integers([0, -1])]),
      Example(Gemm(), [matrix, noise([5, 4]), noise([5])], constants: [1, 2]),
      Example(GlobalAveragePool(), [image]),
      Example(GlobalMaxPool(), [image]),
      Example(
        GridSample(mode: .cubic, padding: .reflection, alignsCorners: true), [image, noise([2, 3, 2, 2], seed: 3)]),
      Example(InstanceNormalization(), [image, channels, channels]),
      Example(LRN(size: 3), [image]),
      Example(LayerNormalization(axis: -1), [matrix, channels, channels]),
      Example(LogSoftmax(axis: 1), [image]),
      Example(MatMul(), [matrix, noise([2, 4, 5])]),
      Example(MatMul(alpha: 0.25), [noise([2, 4, 3]), noise([2, 3, 2])]),
      Example(MatMul(), [matrix, noise([4, 5])], constants: [1]),
      Example(MaxPool(window: window, ceiling: true), [image]),
      Example(PRelu(), [image, channels.reshaped([4, 1, 1]) ?? channels], constants: [1]),
      Example(Pad(pads: [0, 0, 1, -1, 0, 1, 2, 0], mode: .reflect), [image]),
      Example(Pad(pads: [1, 0, 0, 1], value: 1), [small]),
      Example(QuantizeLinear(Quantization(scale: 0.01, zeroPoint: 3)), [image]),
      Example(RangeOperator(), [0, 7, 2].map { Tensor(scalar: Int64($0)) }, constants: [0, 1, 2]),
      Example(Reduce(.mean, axes: [1, -1]), [image]),
      Example(Reshape(shape: [0, -1]), [image]),
      Example(Resize(sizes: [7, 3], scales: [1.5, 0.5], mode: .linear), [image]),
      Example(ScaleShift(activation: .relu), [image, channels, channels], constants: [1, 2]),
      Example(Shape(start: 1, end: 3), [image]),
      Example(Slice(starts: [1, -1], ends: [4, 0], axes: [1, 3], steps: [2, -2]), [image]),
      Example(Softmax(axis: 1), [image]),
      Example(SpaceToDepth(block: 1), [image]),
      Example(Split(axis: 1, sizes: [1, 3]), [image]),
      Example(Tile(repeats: [1, 2]), [matrix]),
      Example(TopK(count: 2, axis: 1), [image]),
      Example(Transpose(perm: [0, 2, 3, 1]), [image]),
      Example(Transpose(perm: [0, 3, 1, 2]), [Tensor((0..<120).map(UInt16.init), shape: [2, 3, 4, 5])]),
      Example(Where(), [truth, Tensor([Int16(1), 2, 3, 4]), Tensor([Int16(-1)])]),
      Example(Compare(.less), [Tensor([UInt64.max, 1]), Tensor([UInt64(2)])]),
      Example(Unary(.leakyRelu(alpha: 0.1)), [image]),
      Example(Where(), [truth, matrix, channels]),
    ]
  }()
}
