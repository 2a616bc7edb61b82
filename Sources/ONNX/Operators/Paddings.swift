import IR
import Operators
import Tensors

/// Pad and CenterCropPad.
enum Paddings: ONNXFamily {
  static let readers: [String: NodeReader] = ["CenterCropPad": center, "Pad": pad]

  /// Sizes reached by padding or cutting both ends alike; the odd element goes from or to the end.
  private static func center(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let rank = x.shape.count
    guard let sizes = try node.ints(input: 1, "shape"), Limits.count(sizes) != nil else {
      throw Refusal("input 1 (shape) is not that of a tensor")
    }
    let axes = try node.ints("axes") ?? Array(0..<rank)
    guard axes.count == sizes.count else { throw Refusal("sizes \(sizes) do not fit axes \(axes)") }
    var pads = [Int](repeating: 0, count: 2 * rank)
    for (given, size) in zip(axes, sizes) {
      let axis = try node.axis(given, rank: rank)
      let more = size - x.shape[axis]
      pads[axis] = more / 2
      pads[axis + rank] = more - more / 2
    }
    return try node.add(Pad(pads: pads), [x])
  }

  /// Pads and value are attributes before opset 11, inputs since; opset 18 can name the axes.
  private static func pad(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let rank = x.shape.count
    let value = try node.scalar(input: 2, orAttribute: "value") ?? 0
    guard var pads = try node.ints(input: 1, orAttribute: "pads") else {
      throw Refusal("input 1 (pads) is missing")
    }
    if let axes = try node.ints(input: 3, "axes") {
      guard pads.count == 2 * axes.count else { throw Refusal("pads \(pads) do not fit axes \(axes)") }
      var all = [Int](repeating: 0, count: 2 * rank)
      for (index, given) in axes.enumerated() {
        let axis = try node.axis(given, rank: rank)
        all[axis] = pads[index]
        all[axis + rank] = pads[index + axes.count]
      }
      pads = all
    }
    return try node.add(Pad(pads: pads, mode: try node.choice("mode", default: .constant), value: value), [x])
  }
}

extension Pad: ONNXWritable {
  /// The value has the type of what is padded.
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let type = emission.graph.type(of: node.outputs[0])
    let padding: Tensor
    switch type.element {
    case .float32: padding = Tensor(scalar: value)
    // Padded as the real numbers it stands for.
    case .int8 where type.quantization != nil: padding = Tensor(scalar: value)
    case .int64 where value == 0: padding = Tensor(scalar: Int64(0))
    case .int32 where value == 0: padding = Tensor(scalar: Int32(0))
    default: throw Refusal("padding \(type.element) with \(value) has no ONNX form")
    }
    let inputs = [
      emission.name(node.inputs[0]), emission.constant(node, "pads", ints: pads),
      emission.constant(node, "value", padding),
    ]
    emission.add("Pad", for: node, inputs: inputs, mode == .constant ? [:] : ["mode": .string(mode.rawValue)])
  }
}
