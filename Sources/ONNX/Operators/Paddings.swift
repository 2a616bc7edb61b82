import IR
import Operators
import Tensors

/// Pad and CenterCropPad.
enum Paddings: ONNXFamily {
  static let limits = "pads, sizes and value are constants"
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
    if try node.string("mode", default: "constant") == "wrap" { return try wrapped(x, pads, node) }
    return try node.add(Pad(pads: pads, mode: try node.choice("mode", default: .constant), value: value), [x])
  }

  /// Before the first element along a dimension comes the last, and the other way round.
  private static func wrapped(_ x: Symbol, _ pads: [Int], _ node: NodeImport) throws(Refusal) -> [Symbol] {
    guard pads.count == 2 * x.shape.count else { throw Refusal("pads \(pads) do not fit x with shape \(x.shape)") }
    var result = x
    for (axis, extent) in x.shape.enumerated() {
      let (before, after) = (pads[axis], pads[axis + x.shape.count])
      guard (0...extent).contains(before), (0...extent).contains(after) else {
        throw Refusal("wrapped pads \(pads) do not fit dimension \(axis) of \(x.shape)")
      }
      var parts = [result]
      if before > 0 {
        let end = Slice(starts: [extent - before], ends: [extent], axes: [axis])
        parts.insert(try node.add(step: "before_\(axis)", end, [result]), at: 0)
      }
      if after > 0 {
        let start = Slice(starts: [0], ends: [after], axes: [axis])
        parts.append(try node.add(step: "after_\(axis)", start, [result]))
      }
      result = try node.joined(parts, axis: axis, isNew: false, step: "wrapped_\(axis)")
    }
    return try node.result(result)
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
