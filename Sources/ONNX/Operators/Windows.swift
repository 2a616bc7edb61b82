import IR
import Operators
import Tensors

extension NodeImport {
  // MARK: Sequences as images of one row

  /// Images [N, C, H, W] as they are, sequences [N, C, L] as images [N, C, 1, L].
  func images(_ x: Symbol, step: String = "images") throws(Refusal) -> Symbol {
    guard x.shape.count == 3 else { return x }
    return try add(step: step, Reshape(shape: [x.shape[0], x.shape[1], 1, x.shape[2]]), [x])
  }

  /// Adds the operator over images that computes the node's output of `x`; that of sequences loses its row again.
  func add(_ op: some Operator, _ inputs: [Symbol?], overImagesOf x: Symbol) throws(Refusal) -> [Symbol] {
    guard x.shape.count == 3 else { return try add(op, inputs) }
    let rows = try add(step: "rows", op, inputs)
    return try add(Reshape(shape: [rows.shape[0], rows.shape[1], rows.shape[3]]), [rows])
  }

  /// An attribute that says something of each dimension of a window, for both dimensions of images: `other` is what a
  /// sequence's row has.
  mutating func extents(_ name: String, _ x: Symbol, other: Int = 1) throws(Refusal) -> [Int]? {
    guard let values = try ints(name) else { return nil }
    guard x.shape.count == 3 else { return values }
    return values.count == 2 ? [other, values[0], other, values[1]] : values.count == 1 ? [other, values[0]] : values
  }

  // MARK: Windows

  /// The window of a convolution or pooling over `x`, [N, C, H, W] or [N, C, L] (`images`), with explicit pads. Its
  /// numbers are checked.
  mutating func window(_ x: Symbol, kernel known: [Int]? = nil) throws(Refusal) -> Window {
    guard x.shape.count == 4 || x.shape.count == 3 else {
      throw Refusal("x has shape \(x.shape): only windows over [N, C, H, W] and [N, C, L] are supported")
    }
    let sizes = x.shape.count == 3 ? [1, x.shape[2]] : Array(x.shape[2...])
    guard let kernel = try extents("kernel_shape", x) ?? known else {
      throw Refusal("attribute kernel_shape is missing")
    }
    var window = Window(
      kernel: kernel, strides: try extents("strides", x) ?? [1, 1], dilations: try extents("dilations", x) ?? [1, 1],
      pads: try extents("pads", x, other: 0) ?? [0, 0, 0, 0])
    // Checked before anything is computed with them: a file may hold any number.
    guard (try? window.check()) != nil else {
      throw Refusal(
        "kernel_shape \(kernel), strides \(window.strides), dilations \(window.dilations), pads \(window.pads) are not "
          + "those of a 2-D window")
    }
    let mode = try string("auto_pad", default: "NOTSET")
    if let pads = try NodeImport.pads(
      mode, sizes: sizes, kernel: kernel, strides: window.strides, dilations: window.dilations)
    {
      window.pads = pads
      try check(window)
    }
    return window
  }

  /// The pads that an `auto_pad` means, nil where they are explicit: with SAME the output is as large as the input
  /// divided by the stride, rounded up.
  static func pads(
    _ mode: String, sizes: [Int], kernel: [Int], strides: [Int], dilations: [Int]
  ) throws(Refusal) -> [Int]? {
    let rank = sizes.count
    var pads = [Int](repeating: 0, count: 2 * rank)
    switch mode {
    case "NOTSET": return nil
    case "VALID": break
    case "SAME_UPPER", "SAME_LOWER":
      for axis in 0..<rank {
        let output = (sizes[axis] + strides[axis] - 1) / strides[axis]
        let reach = (output - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        let total = max(0, reach - sizes[axis])
        pads[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        pads[axis + rank] = total - pads[axis]
      }
    default: throw Refusal("attribute auto_pad is \"\(printable(mode))\", which is not known")
    }
    return pads
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
