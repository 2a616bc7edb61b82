import IR
import Operators
import Tensors

extension NodeImport {
  /// The window of a convolution or pooling over `x`, with explicit pads. Its numbers are checked.
  mutating func window(_ x: Symbol, kernel known: [Int]? = nil) throws(Refusal) -> Window {
    guard x.shape.count == 4 else {
      throw Refusal("x has shape \(x.shape): only 2-D windows over [N, C, H, W] are supported")
    }
    guard let kernel = try ints("kernel_shape") ?? known else { throw Refusal("attribute kernel_shape is missing") }
    var window = Window(
      kernel: kernel, strides: try ints("strides") ?? [1, 1], dilations: try ints("dilations") ?? [1, 1],
      pads: try ints("pads") ?? [0, 0, 0, 0])
    // Checked before anything is computed with them: a file may hold any number.
    guard (try? window.check()) != nil else {
      throw Refusal(
        "kernel_shape \(kernel), strides \(window.strides), dilations \(window.dilations), pads \(window.pads) are not "
          + "those of a 2-D window")
    }
    let mode = try string("auto_pad", default: "NOTSET")
    switch mode {
    case "NOTSET": break
    case "VALID": window.pads = [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      // The output is as large as the input divided by the stride, rounded up.
      for axis in 0..<2 {
        let extent = x.shape[axis + 2]
        let output = (extent + window.strides[axis] - 1) / window.strides[axis]
        let reach = (output - 1) * window.strides[axis] + (kernel[axis] - 1) * window.dilations[axis] + 1
        let total = max(0, reach - extent)
        window.pads[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        window.pads[axis + 2] = total - window.pads[axis]
      }
      try check(window)
    default: throw Refusal("attribute auto_pad is \"\(printable(mode))\", which is not known")
    }
    return window
  }

  /// Checks a window whose pads were computed.
  func check(_ window: Window) throws(Refusal) {
    try window.check()
  }
}

extension Window {
  /// ONNX's attributes of the window and what else the operator has.
  func attributes(_ others: (inout AttributeWriter) -> Void) -> [String: Attribute] {
    var attributes = AttributeWriter()
    write(to: &attributes)
    others(&attributes)
    return attributes.attributes
  }
}
