import IR
import Operators
import Tensors

extension NodeImport {
  /// The window of a convolution or pooling over images `x` [N, C, H, W]. Its numbers are checked.
  ///
  /// The schema's Padding: VALID has none. With SAME the output is as large as the input divided by the stride, rounded
  /// up; where the padding that takes is odd, the end has one more than the beginning.
  func window(
    _ x: Symbol, kernel: [Int], strides: [Int], dilations: [Int] = [1, 1], padding: Int
  ) throws(Refusal) -> Window {
    var window = Window(kernel: kernel, strides: strides, dilations: dilations)
    // Checked before anything is computed with them: a file may hold any number.
    try window.check()
    guard try isSame(padding) else { return window }
    for axis in 0..<2 {
      let extent = x.shape[axis + 2]
      let output = (extent + strides[axis] - 1) / strides[axis]
      let reach = (output - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
      let total = max(0, reach - extent)
      window.pads[axis] = total / 2
      window.pads[axis + 2] = total - total / 2
    }
    try window.check()
    return window
  }

  func isSame(_ padding: Int) throws(Refusal) -> Bool {
    guard padding == 0 || padding == 1 else { throw Refusal("its padding \(padding) is neither SAME nor VALID") }
    return padding == 0
  }
}
