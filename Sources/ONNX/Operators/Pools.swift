import IR
import Operators
import Tensors

/// Poolings by windows and over whole images.
enum Pools: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "AveragePool": averagePool,
    "GlobalAveragePool": { node throws(Refusal) in try node.add(reading: GlobalAveragePool.self) },
    "GlobalMaxPool": { node throws(Refusal) in try node.add(reading: GlobalMaxPool.self) },
    "MaxPool": maxPool,
  ]

  private static func maxPool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.expect("storage_order", 0)
    guard !node.usesOutput(1) else { throw Refusal("the indices of MaxPool are not supported") }
    let x = try node.input(0, "x")
    let window = try node.window(x)
    return try node.add(MaxPool(window: window, ceiling: try node.bool("ceil_mode", default: false)), [x])
  }

  private static func averagePool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let op = AveragePool(
      window: try node.window(x), ceiling: try node.bool("ceil_mode", default: false),
      countIncludePad: try node.bool("count_include_pad", default: false))
    return try node.add(op, [x])
  }

  /// The operator set in which an average's window has dilations.
  fileprivate static func opset(ofAverage window: Window?) -> Int {
    (window?.dilations ?? [1, 1]) == [1, 1] ? ONNXWriter.baseOpset : 19
  }
}

extension MaxPool: ONNXWritable {}
extension GlobalAveragePool: ONNXWritable {}
extension GlobalMaxPool: ONNXWritable {}

extension AveragePool: ONNXWritable {
  var opset: Int { Pools.opset(ofAverage: window) }
}

extension AveragePoolInt8: ONNXWritable {
  var opset: Int { Pools.opset(ofAverage: window) }

  /// Windows that reach beyond the padding, as ceil_mode makes them, get the padding they reach: with count_include_pad
  /// their positions there count in dermc, not in ONNX, and without it the padding makes no difference.
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let output = Int8Output(output)
    let inputs = try emission.reals(node)
    guard var window else { return emission.add("GlobalAveragePool", for: node, inputs: inputs, output: output) }
    if ceiling {
      let size = node.inputs[0].map { emission.graph.type(of: $0).shape } ?? []
      let count = emission.graph.type(of: node.outputs[0]).shape
      for axis in 0..<2 {
        let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
        let reach = (count[axis + 2] - 1) * window.strides[axis] + extent
        window.pads[axis + 2] = max(0, reach - size[axis + 2] - window.pads[axis])
      }
    }
    let attributes = window.attributes { if countIncludesPadding { $0.set("count_include_pad", true) } }
    emission.add("AveragePool", for: node, inputs: inputs, attributes, output: output)
  }
}
