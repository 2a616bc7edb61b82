import IR
import Operators
import Tensors

/// Conv and ConvTranspose.
enum Convolutions: ONNXFamily {
  static let limits = "weights are constants; ConvTranspose over sequences and images, not volumes"
  static let readers: [String: NodeReader] = ["Conv": conv, "ConvTranspose": convTranspose]

  private static func conv(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let w = try kernels(&node, of: x)
    let window = try node.window(x, kernel: Array(w.shape.dropFirst(2)))
    let op = Conv(window: window, group: try node.int("group", default: 1))
    return try node.add(op, [try node.images(x), w, node.optional(2)], overImagesOf: x)
  }

  /// Weights as those over images.
  private static func kernels(_ node: inout NodeImport, of x: Symbol) throws(Refusal) -> Symbol {
    let w = try node.input(1, "weights")
    guard w.shape.count == x.shape.count else {
      throw Refusal("x has shape \(x.shape), weights \(w.shape): expected as many dimensions")
    }
    return try node.images(w, step: "kernels")
  }

  private static func convTranspose(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let given = try node.input(0, "x")
    let w = try kernels(&node, of: given)
    let mode = try node.string("auto_pad", default: "NOTSET")
    let outputShape = try node.extents("output_shape", given)
    var outputPadding = try node.extents("output_padding", given, other: 0) ?? [0, 0]
    var window = try node.window(given, kernel: Array(w.shape.dropFirst(2)))
    let x = try node.images(given)
    // Checked before anything is computed with it, as the window was.
    guard outputPadding.count == 2, outputPadding.allSatisfy((0...(1 << 15)).contains) else {
      throw Refusal("output_padding \(outputPadding) is not that of a 2-D window")
    }
    let isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER"
    if outputShape != nil || isSame {
      let target = Array((outputShape ?? [x.shape[2] * window.strides[0], x.shape[3] * window.strides[1]]).suffix(2))
      guard target.count == 2, target.allSatisfy((1...(1 << 15)).contains) else {
        throw Refusal("output_shape \(target) is not that of an image")
      }
      for axis in 0..<2 {
        let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
        let reach = window.strides[axis] * (x.shape[axis + 2] - 1) + extent
        let total = reach + outputPadding[axis] - target[axis]
        // What cannot be cut away at the edges must be added at the end.
        if total < 0 { outputPadding[axis] -= total }
        let cut = max(0, total)
        window.pads[axis] = mode == "SAME_UPPER" ? cut / 2 : cut - cut / 2
        window.pads[axis + 2] = cut - window.pads[axis]
      }
      try node.check(window)
    }
    let op = ConvTranspose(
      window: window, outputPadding: outputPadding, group: try node.int("group", default: 1))
    return try node.add(op, [x, w, node.optional(2)], overImagesOf: given)
  }

  /// ONNX's attributes of a convolution, in float and int8.
  fileprivate static func attributes(_ window: Window, group: Int) -> [String: Attribute] {
    window.attributes { if group != 1 { $0.set("group", group) } }
  }
}

extension Conv: ONNXWritable {
  var opset: Int { activation.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      emission.add(
        "Conv", name: node.name, inputs: emission.names(node.inputs), outputs: [result],
        Convolutions.attributes(window, group: group))
    }
  }
}

extension ConvInt8: ONNXWritable {
  var opset: Int { output?.function.onnx.opset ?? ONNXWriter.baseOpset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    emission.add(
      "Conv", for: node, inputs: try emission.weighted(node), Convolutions.attributes(window, group: group),
      output: output)
  }
}

extension ConvTranspose: ONNXWritable {
  var opset: Int { activation.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      let attributes = window.attributes { attributes in
        if outputPadding != [0, 0] { attributes.set("output_padding", outputPadding) }
        if group != 1 { attributes.set("group", group) }
      }
      emission.add(
        "ConvTranspose", name: node.name, inputs: emission.names(node.inputs), outputs: [result], attributes)
    }
  }
}
