package import IR
import Math
package import Tensors

extension VectorJacobianProduct {
  /// The gradient with respect to what a convolution read: every position of x adds its window of the weights.
  ///
  /// Computed as a convolution over x with zeros between its positions, stride by stride, of the weights turned around:
  /// all window sizes, strides, dilations and pads come to one that has fast kernels.
  ///
  /// - Parameters:
  ///   - x: the gradient [N, M, oH, oW]
  ///   - weights: those of the convolution, [M, C / groups, kH, kW], row-major
  ///   - shape: that of its input, [N, C, H, W]
  package mutating func spread(
    _ x: ValueID, over window: Window, weights: [Float], groups: Int, to shape: [Int]
  ) throws(Refusal) -> ValueID {
    let filters = self.shape(x)[1]
    let turned = VectorJacobianProduct.turned(
      weights, filters: filters, channels: shape[1], groups: groups, taps: window.kernel[0] * window.kernel[1])
    let constant = constant(Tensor(turned, shape: [shape[1], filters / groups] + window.kernel))
    guard window.kernel != [1, 1] else {
      // Zeros between positions stay zeros.
      let product = try add(Conv(window: Window(kernel: [1, 1]), group: groups), x, constant)
      let spaced = try spaced(product, window.strides)
      return try cut(spaced, from: [0, 0, window.pads[0], window.pads[1]], to: shape)
    }
    let spaced = try spaced(x, window.strides)
    let size = Array(self.shape(spaced)[2...])
    // Output position i reads from i + pad - reach to i + pad of the spaced gradient.
    let reach = (0..<2).map { (window.kernel[$0] - 1) * window.dilations[$0] }
    let before = (0..<2).map { reach[$0] - window.pads[$0] }
    let start = before.map { max(0, -$0) }
    let leading = before.map { max(0, $0) }
    let trailing = (0..<2).map { axis -> Int in
      let needed = shape[axis + 2] + start[axis] + reach[axis]
      return max(0, needed - size[axis] - leading[axis])
    }
    let back = Window(kernel: window.kernel, dilations: window.dilations, pads: leading + trailing)
    try back.check()
    return try cut(add(Conv(window: back, group: groups), spaced, constant), from: [0, 0] + start, to: shape)
  }

  /// x [N, C, H, W] with zeros between and behind its positions: [N, C, H * strides[0], W * strides[1]]. One that is
  /// alone along a dimension stays so: it has no neighbours to be apart from.
  package mutating func spaced(_ x: ValueID, _ strides: [Int]) throws(Refusal) -> ValueID {
    let shape = self.shape(x)
    let strides = [shape[2] == 1 ? 1 : strides[0], shape[3] == 1 ? 1 : strides[1]]
    guard strides != [1, 1] else { return x }
    if strides[0] == strides[1] {
      // Of each block of the output only the first position is not zero.
      let deep = try add(Pad(pads: [0, 0, 0, 0, 0, shape[1] * (strides[0] * strides[0] - 1), 0, 0]), x)
      return try add(DepthToSpace(block: strides[0]), deep)
    }
    let rows = try spaced(x, along: 2, strides[0])
    return try spaced(rows, along: 3, strides[1])
  }

  /// Zeros behind every element along one dimension, so that it is `stride` times as large.
  package mutating func spaced(_ x: ValueID, along axis: Int, _ stride: Int) throws(Refusal) -> ValueID {
    guard stride != 1 else { return x }
    var shape = self.shape(x)
    var apart = shape
    apart.insert(1, at: axis + 1)
    var pads = [Int](repeating: 0, count: 2 * apart.count)
    pads[apart.count + axis + 1] = stride - 1
    shape[axis] *= stride
    return try reshaped(add(Pad(pads: pads), reshaped(x, apart)), shape)
  }

  /// Weights [M, C / groups, taps] as [C, M / groups, taps] with the taps in reverse.
  private static func turned(
    _ weights: [Float], filters: Int, channels: Int, groups: Int, taps: Int
  ) -> [Float] {
    let (outputs, inputs) = (filters / groups, channels / groups)
    var result = [Float](repeating: 0, count: weights.count)
    for group in 0..<groups {
      for output in 0..<outputs {
        for input in 0..<inputs {
          let from = ((group * outputs + output) * inputs + input) * taps
          let to = ((group * inputs + input) * outputs + output) * taps
          for tap in 0..<taps { result[to + taps - 1 - tap] = weights[from + tap] }
        }
      }
    }
    return result
  }
}
