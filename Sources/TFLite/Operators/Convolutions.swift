import IR
import Operators
import Tensors

/// Convolutions, whose weights are [O, H, W, I] in the file.
enum Convolutions: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "TRANSPOSE_CONV": transposed,
  ]

  private enum ConvField {
    static let padding = 0, strideWidth = 1, strideHeight = 2, activation = 3, dilationWidth = 4, dilationHeight = 5
  }

  private enum DepthwiseField {
    static let padding = 0, strideWidth = 1, strideHeight = 2, activation = 4, dilationWidth = 5, dilationHeight = 6
  }

  private enum TransposedField { static let padding = 0, strideWidth = 1, strideHeight = 2, activation = 3 }

  /// Weights of fewer channels than the input has are those of groups.
  private static func conv(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.images(0, "input")
    let w = try weights(node)
    let group = w.shape[1] > 0 ? x.shape[1] / w.shape[1] : 0
    let window = try node.window(
      x, kernel: Array(w.shape[2...]),
      strides: [try node.int(ConvField.strideHeight), try node.int(ConvField.strideWidth)],
      dilations: [
        try node.int(ConvField.dilationHeight, default: 1), try node.int(ConvField.dilationWidth, default: 1),
      ], padding: try node.choice(ConvField.padding))
    return try node.finish(
      Conv(window: window, group: group), [x, w, try bias(node, 2)], .channelsFirst,
      activation: try node.activation(ConvField.activation))
  }

  /// Weights are [1, H, W, C * multiplier]: those of one input channel follow each other.
  private static func depthwise(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.images(0, "input")
    let channelwise = try weights(node)
    guard channelwise.shape[0] == 1,
      let w = channelwise.constant.flatMap({ tensor in
        tensor.reshaped([tensor.shape[1], 1, tensor.shape[2], tensor.shape[3]])
      })
    else { throw Refusal("its weights are \(channelwise.type), expected [1, H, W, C] known in advance") }
    // What was the channels' dimension is the outputs'.
    let filters = w.on(channelwise.constant?.grid?.moved(toAxis: 0))
    let window = try node.window(
      x, kernel: Array(w.shape[2...]),
      strides: [try node.int(DepthwiseField.strideHeight), try node.int(DepthwiseField.strideWidth)],
      dilations: [
        try node.int(DepthwiseField.dilationHeight, default: 1), try node.int(DepthwiseField.dilationWidth, default: 1),
      ], padding: try node.choice(DepthwiseField.padding))
    return try node.finish(
      Conv(window: window, group: x.shape[1]), [x, node.constant("weights", filters), try bias(node, 2)],
      .channelsFirst,
      activation: try node.activation(DepthwiseField.activation))
  }

  /// Takes the shape of its output, the weights and then the images. The padding is that of the convolution which makes
  /// the input of the output.
  private static func transposed(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let target = try node.ints(input: 0, "output shape")
    let x = try node.images(2, "input")
    let given = try node.symbol(try node.input(1, "weights"))
    guard given.shape.count == 4, target.count == 4, target.allSatisfy((1...(1 << 15)).contains) else {
      throw Refusal("its weights have shape \(given.shape), its output \(target), expected 4 dimensions each")
    }
    let w = try node.add(step: "weights", Transpose(perm: [3, 0, 1, 2]), [given])
    var window = Window(
      kernel: Array(w.shape[2...]),
      strides: [try node.int(TransposedField.strideHeight), try node.int(TransposedField.strideWidth)])
    try window.check()
    let isSame = try node.isSame(try node.choice(TransposedField.padding))
    var outputPadding = [0, 0]
    for axis in 0..<2 {
      let reach = window.strides[axis] * (x.shape[axis + 2] - 1) + window.kernel[axis]
      let total = reach - target[axis + 1]
      // What cannot be cut away at the edges must be added at the end.
      if total < 0 { outputPadding[axis] = -total }
      let cut = max(0, total)
      window.pads[axis] = isSame ? cut / 2 : 0
      window.pads[axis + 2] = cut - window.pads[axis]
    }
    try window.check()
    return try node.finish(
      ConvTranspose(window: window, outputPadding: outputPadding), [x, w, try bias(node, 3)], .channelsFirst,
      activation: try node.activation(TransposedField.activation))
  }

  /// [O, I, H, W]: what moves is what moves of images.
  private static func weights(_ node: NodeImport) throws(Refusal) -> Symbol {
    let value = try node.input(1, "weights")
    guard value.rank == 4 else { throw Refusal("its weights have shape \(value.shape), expected 4 dimensions") }
    return try node.symbol(value, .channelsFirst)
  }

  private static func bias(_ node: NodeImport, _ index: Int) throws(Refusal) -> Symbol? {
    guard let value = node.optional(index) else { return nil }
    return try node.symbol(value)
  }
}
