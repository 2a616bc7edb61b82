package import IR
import Math
package import Tensors

/// The largest value in each window, float32 or int8; positions in the padding do not take part.
package struct MaxPool: ElementMoving, PreparationKeeping {
  package static let name = "MaxPool"

  package let window: Window
  package let ceiling: Bool

  package init(window: Window, ceiling: Bool = false) {
    self.window = window
    self.ceiling = ceiling
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = try Window(reading: &attributes)
    ceiling = try attributes.bool("ceil_mode", default: false)
  }

  package func write(to attributes: inout AttributeWriter) {
    window.write(to: &attributes)
    if ceiling { attributes.set("ceil_mode", true) }
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard x.type.element == .float32 || x.type.element == .int8 else {
      throw Refusal("x is \(x.type.element), expected float32 or int8")
    }
    return [x.type.with(shape: try Pooling.outputShape(x, window: window, ceiling: ceiling))]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + $1.count * window.kernel[0] * window.kernel[1] })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let shape = window.convolutionShape(input: x.shape, output: site.outputs[0].shape, groups: x.shape[1])
    return Pooling.maximum(x.type, images: x.shape[0], shape: shape)
  }
}

extension MaxPool: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    window.isSinglePosition ? 0 : nil
  }
}

#if !RUNTIME_ONLY
extension MaxPool: Differentiable {
  /// Each position of a window takes steps of its own.
  private static let mostTaps = 256

  /// Of equal values the first in a window is the one taken.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let (input, output) = (product.shape(ofInput: 0), product.shape(product.output()))
    guard window.kernel[0] * window.kernel[1] <= MaxPool.mostTaps else {
      throw Refusal("windows of \(window.kernel) positions have no gradient here")
    }
    // From the first window to the last, and what that is of the image.
    let spans = (0..<2).map { axis -> Int in (output[axis + 2] - 1) * window.strides[axis] + 1 }
    let covered = (0..<2).map { axis -> Int in spans[axis] + (window.kernel[axis] - 1) * window.dilations[axis] }
    let ends = (0..<2).map { axis -> Int in covered[axis] - window.pads[axis] - input[axis + 2] }
    // In the padding lies what is never the largest.
    let pads = [0, 0, window.pads[0], window.pads[1], 0, 0] + ends
    let padded = try product.add(Pad(pads: pads, value: -.infinity), product.input())
    let zero = product.constant(Tensor(scalar: Float(0)))
    var left = product.gradient
    var sum: ValueID?
    for row in 0..<window.kernel[0] {
      for column in 0..<window.kernel[1] {
        let start = [row * window.dilations[0], column * window.dilations[1]]
        let end = [start[0] + spans[0], start[1] + spans[1]]
        let taken = try product.add(
          Slice(starts: start, ends: end, axes: [2, 3], steps: window.strides), padded)
        let isLargest = try product.add(Compare(.equal), taken, product.output())
        let share = try product.add(Where(), isLargest, left, zero)
        left = try product.minus(left, share)
        let placed = try product.cut(
          product.spaced(share, window.strides), from: [0, 0] + start.map { -$0 }, to: Array(input[..<2]) + covered)
        sum = try sum.map { (sum) throws(Refusal) in try product.plus(sum, placed) } ?? placed
      }
    }
    guard let sum else { preconditionFailure("a window without positions was not refused") }
    return [try product.cut(sum, from: [0, 0, window.pads[0], window.pads[1]], to: input)]
  }
}
#endif

#if !RUNTIME_ONLY
extension MaxPool: ChannelKeeping {}
#endif
